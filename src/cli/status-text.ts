/** A session's status for people. */
import type { IncomingPort, RuleMatch, SessionStatus } from '../control/answers.ts';
import { fromHome } from './home.ts';
import { listed } from './listed.ts';

/** More routes than this are counted, not listed. */
const LISTED = 8;
/** Domains are what is taken from the machine's own DNS, so all are shown that one can read. */
const LISTED_DOMAINS = 64;
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Whose a session is, by what root has written down. */
interface Whose {
  readonly user: string;
  readonly network_namespace: string;
}

export type ShownSession = SessionStatus & Whose;

/** Another user's: only root or that user learns more. */
export interface OtherSession extends Whose {
  readonly name: string;
  readonly pid: number;
  /** Whether it is in the reader's network namespace. */
  readonly carries_your_programs: boolean;
}

type Reconnecting = NonNullable<SessionStatus['reconnecting']>;

/** To whom it is told. */
export interface Reader {
  /** A session elsewhere says so. */
  readonly networkNamespace: string;
  readonly home: string;
}

/** `now`: the time of day, ms since 1970. */
export function formatStatus(status: ShownSession, reader: Reader, now = Date.now()): string {
  const { cluster, agent, dns, forwarded, flows, bytes, transport, tun, reconnecting } = status;
  const rtt = transport.rtt_ms === null ? '' : `, round trip ${transport.rtt_ms.toFixed(1)} ms`;
  const rows: [string, string][] = [
    ['connection', reconnecting ? describeLoss(reconnecting, now) : ''],
    ['network', elsewhere(status, reader)],
    ['target', status.target],
    ['cluster', cluster ? `${cluster.context} (${cluster.version}), namespace ${cluster.namespace}` : ''],
    ['agent', agent ? `${agent.name}${agent.node === '' ? '' : `, node ${agent.node}`}` : ''],
    ['routes', `${some(status.routes)} → ${tun.name}`],
    [
      'DNS',
      dns.mode === 'off'
        ? 'left alone'
        : `${some(forward(dns.domains), LISTED_DOMAINS)} (${dns.reason}; ${dns.server})`,
    ],
    ['pod hosts', podHostsText(dns)],
    ['others', forwarded.text],
    ['dropped', forwarded.dropped ? `${forwarded.dropped} packets of other machines` : ''],
    ...status.incoming.map((port): [string, string] => ['incoming', incomingText(port)]),
    ['flows', `${flows.tcp} TCP, ${flows.udp} UDP`],
    ['bytes', `${formatBytes(bytes.up)} up, ${formatBytes(bytes.down)} down`],
    ['transport', `${transport.kind}${rtt}${transport.resumes > 0 ? `, resumed ${transport.resumes} times` : ''}`],
    ...status.filter.map((line): [string, string] => ['filter', line]),
    ...matchTexts(status.matches).map((text): [string, string] => ['matched', text]),
    ...status.warnings.map((warning): [string, string] => ['warning', warning]),
    ['log', status.log === null ? '' : fromHome(status.log, reader.home)],
  ];
  const body = rows.filter(([, value]) => value !== '').map(([key, value]) => `  ${key.padEnd(10)} ${value}`);
  return [`${status.name}: ${status.state} (pid ${status.pid}, user ${status.user})`, ...body, ''].join('\n');
}

/** `lost 24 s ago: the API server does not answer; next try in 2 s`. */
function describeLoss({ since, reason, next_try: nextTry }: Reconnecting, now: number): string {
  const seconds = (from: number, to: number): string => `${Math.max(0, Math.round((to - from) / 1_000))} s`;
  const wait = nextTry === null ? 0 : Date.parse(nextTry) - now;
  const next = wait > 0 ? `next try in ${(wait / 1_000).toFixed(wait < 10_000 ? 1 : 0)} s` : 'trying again now';
  return `lost ${seconds(Date.parse(since), now)} ago: ${reason}; ${next}`;
}

/** Another user's session, of which no more is known: but a machine's network is everybody's on it. */
export function formatOther({ name, pid, user, network_namespace, carries_your_programs }: OtherSession): string {
  const reach = carries_your_programs
    ? 'all programs on this machine use it, including yours'
    : `all programs in network namespace ${network_namespace} use it`;
  return `${name}: session of ${user} (pid ${pid}): ${reach}\n  Only ${user} can see its details. Root can end it: sudo mirrord down --name ${name}\n`;
}

const elsewhere = ({ network_namespace: network }: ShownSession, reader: Reader): string =>
  network === reader.networkNamespace ? '' : `another network namespace, ${network}`;

function incomingText({ remote, local, filter, listens, program, taken, passed }: IncomingPort): string {
  const who = program === null ? '' : ` (${program.name}, pid ${program.pid})`;
  const where = listens ? `→ localhost:${local}${who}` : `stays there: nothing listens on localhost:${local}`;
  const which = filter === null ? '' : `, requests ${filter}`;
  return `port ${remote}${which} ${where}; ${taken} came here, ${passed} were handed on`;
}

/** What the target pod's hosts file has a say about, and what not. */
function podHostsText({ podHosts, withheldPodHosts }: ShownSession['dns']): string {
  if (podHosts.length + withheldPodHosts.length === 0) return '';
  const withheld = `not ${some(withheldPodHosts)}, which --domain would give it`;
  return [...(podHosts.length > 0 ? [some(podHosts)] : []), ...(withheldPodHosts.length > 0 ? [withheld] : [])].join(
    '; ',
  );
}

const some = (values: readonly string[], most = LISTED): string =>
  values.length === 0 ? 'none' : listed(values, most);

/** The reverse zones say no more than the routes. */
function forward(domains: readonly string[]): readonly string[] {
  return domains.filter((domain) => !domain.endsWith('.arpa'));
}

/** The most used, and how many rules have matched besides. */
function matchTexts(matches: readonly RuleMatch[]): readonly string[] {
  const more = matches.length - LISTED;
  return [...matches.slice(0, LISTED).map(matchText), ...(more > 0 ? [`and ${more} more rules`] : [])];
}

function matchText({ rule, value, flows, questions }: RuleMatch): string {
  const counts = [
    ...(flows > 0 ? [`${flows} ${flows === 1 ? 'flow' : 'flows'}`] : []),
    ...(questions > 0 ? [`${questions} ${questions === 1 ? 'question' : 'questions'}`] : []),
  ];
  return `${rule === null ? value : `${rule} = ${JSON.stringify(value)}`}: ${counts.join(', ')}`;
}

export function formatBytes(count: number): string {
  const power = count < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(count) / 3));
  return `${power === 0 ? count : (count / 1000 ** power).toFixed(1)} ${UNITS[power]}`;
}
