/** Words that people bring along from kubectl, Telepresence and mirrord, and what does here what they are after. */

const UP = 'Use: sudo mirrord up';
const DOWN = 'Use: mirrord down';
const LIST = 'Use: mirrord ls';
const NO_FORWARD =
  'This is not needed: after `sudo mirrord up` every program on this machine reaches services by name and port.';
const INTERCEPT = 'Use: sudo mirrord up -t deployment/NAME --steal';
const NO_COPIES = 'Traffic is not copied. To take it: sudo mirrord up -t deployment/NAME --steal';

/** An advice for each.  `list` is an alias of `ls`, and flags of other names are aliases in `flags.ts`. */
export const OTHER_COMMANDS: ReadonlyMap<string, string> = new Map([
  ['connect', UP],
  ['start', UP],
  ['vpn', UP],
  ['container', `${UP}; containers on a bridge of this machine are then in the cluster, too.`],
  ['quit', DOWN],
  ['stop', DOWN],
  ['disconnect', DOWN],
  ['leave', DOWN],
  ['get', LIST],
  ['port-forward', NO_FORWARD],
  ['proxy', NO_FORWARD],
  ['intercept', INTERCEPT],
  ['replace', INTERCEPT],
  ['wiretap', NO_COPIES],
  ['ingest', NO_COPIES],
]);

/** The flag for what people write as an argument. */
export const FLAG_OF_ARGUMENT: ReadonlyMap<string, { readonly what: string; readonly command: string }> = new Map([
  ['up', { what: 'The target', command: 'sudo mirrord up -t' }],
  ['ls', { what: 'A kind', command: 'mirrord ls --kinds' }],
  ['down', { what: 'The name of a session', command: 'mirrord down --name' }],
  ['status', { what: 'The name of a session', command: 'mirrord status --name' }],
  ['env', { what: 'The name of a session', command: 'mirrord env --name' }],
]);
