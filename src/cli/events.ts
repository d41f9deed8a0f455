/** What `up` shows: steps while they go, that it is ready, what happens then, and how it has ended. */
import type { SessionStatus } from '../control/answers.ts';
import type { PathChange, Progress, Ready } from '../ipc/protocol.ts';
import { Turns } from '../turns.ts';
import { fromHome, userHome } from './home.ts';
import { pasteable } from './invocation.ts';
import type { Mark } from './marks.ts';
import { sessionStatus } from './status.ts';
import { type Steps, labelled } from './steps.ts';

/** `up --json` prints one per line; a detached session tells its starter in the same way. */
export type UpEvent = Progress | { readonly ready: Ready } | PathEvent | { readonly ended: Ended };

/** The connection to the cluster, once the session is up; `at` in ISO 8601. */
export type PathEvent = { readonly lost: Lost } | { readonly reconnected: Reconnected };

interface Lost {
  readonly at: string;
  readonly reason: string;
  /** How long open connections are kept, s; null: they were reset. */
  readonly kept_s: number | null;
}

interface Reconnected {
  readonly at: string;
  readonly after_s: number;
  /** What has become of those that were open. */
  readonly connections: 'kept' | 'reset';
  readonly agent: string;
}

/** An end that was asked for.  `as_before`: on this machine and in the cluster; else what is left was told before. */
export interface Ended {
  readonly by: 'signal' | 'down';
  readonly as_before: boolean;
}

export function pathEvent(change: PathChange, now = new Date()): PathEvent {
  const at = now.toISOString();
  if (change.state === 'lost') {
    return { lost: { at, reason: change.reason, kept_s: change.keptMs === null ? null : change.keptMs / 1_000 } };
  }
  const { afterMs, connections, agent } = change;
  return { reconnected: { at, after_s: Math.round(afterMs / 100) / 10, connections, agent } };
}

export type ShowEvent = (event: UpEvent) => void;

/** What is put back has none: it comes before the first line, or after the last. */
const LABELS: Readonly<Record<Progress['step'], string | null>> = {
  cluster: 'cluster',
  target: 'target',
  agent: 'agent',
  routes: 'routes',
  others: 'others',
  filter: 'filter',
  dns: 'names',
  incoming: 'incoming',
  repair: null,
  config: 'note',
};

type HeadAndText = readonly [head: string, text: string];

export interface FirstScreen {
  /** How to end the session. */
  readonly stop: string;
  /** How to look at it. */
  readonly check: string;
  /** Of the user whose session it is. */
  readonly home: string;
}

export async function firstScreen(name: string, stop: string): Promise<FirstScreen> {
  const explain = name === 'default' ? 'mirrord explain' : `mirrord explain --name ${name}`;
  return { stop, check: pasteable(`mirrord status · ${explain} HOST:PORT`), home: await userHome() };
}

/** Once the session is up, what comes has the time of day instead of a place in the first screen. */
export function forPeople(screen: FirstScreen, steps: Steps, now = (): Date => new Date()): ShowEvent {
  let isUp = false;
  let cluster = '';
  const place = ({ step, text }: Progress): HeadAndText => {
    const label = LABELS[step];
    if (label === null) return ['', text];
    return isUp ? [clock(now()), `${label}: ${text}`] : [labelled(label), text];
  };
  return (event) => {
    if ('ended' in event) {
      steps.line(describeEnd(event.ended));
    } else if ('ready' in event) {
      isUp = true;
      cluster = event.ready.place ?? 'the cluster';
      const next = nextSteps(screen, event.ready);
      const entries = next.map(([label, text]) => ({ mark: 'none', head: labelled(label), text }) as const);
      steps.block(['', `Ready. ${describePlace(event.ready)} ${screen.stop}`, ...entries]);
    } else if ('lost' in event) {
      steps.entry('warning', clock(now()), `connection to ${cluster} lost: ${describeLoss(event.lost)}`);
    } else if ('reconnected' in event) {
      steps.entry('done', clock(now()), describeReturn(event.reconnected));
    } else {
      const [head, text] = place(event);
      if (event.state === 'running') steps.run(head, text);
      else steps.entry(event.state satisfies Mark, head, text);
    }
  };
}

const describePlace = ({ place }: Ready): string => `Every program on this machine is in ${place ?? 'the cluster'}.`;

/** `20:33:40 `, of this machine's time zone. */
const clock = (date: Date): string => `${date.toTimeString().slice(0, 8)} `;

/** What people do next: try it, look, and look behind it. */
function nextSteps(
  { check, home }: FirstScreen,
  { service, log }: Ready,
): readonly (readonly [label: string, text: string])[] {
  return [
    ...(service === null ? [] : [['try', `${tryCommand(service)}       (in another terminal)`] as const]),
    ['check', check],
    ...(log === null ? [] : [['log', fromHome(log, home)] as const]),
  ];
}

function tryCommand({ name, port, isWeb }: NonNullable<Ready['service']>): string {
  return isWeb ? `curl http://${name}${port === 80 ? '' : `:${port}`}` : `nc -vz ${name} ${port}`;
}

/** One after the other: to what is ready the session's own account is added, in the words of `status --json`. */
export function forPrograms(name: string, write: (event: object) => void): ShowEvent {
  const turns = new Turns();
  return (event) =>
    void turns.take(async () =>
      write('ready' in event ? { ready: { ...event.ready, ...(await accountOf(name)) } } : event),
    );
}

async function accountOf(name: string): Promise<object> {
  // A session that ends just now has nothing more to say.
  const status = await sessionStatus(name).catch(() => undefined);
  return status === undefined ? {} : readyFields(status);
}

/** What a script goes on with. */
export function readyFields({ name, pid, target, cluster, agent, tun, routes, dns, log }: SessionStatus): object {
  return { session: { name, pid }, target, cluster, agent, tun, routes, dns, log };
}

const describeLoss = ({ reason, kept_s: kept }: Lost): string =>
  kept === null
    ? `${reason}; open connections were reset, new ones wait for the next agent`
    : `${reason}; retrying, open connections are kept for ${kept} s`;

function describeReturn({ after_s: seconds, connections, agent }: Reconnected): string {
  const after = `reconnected after ${seconds < 10 ? seconds : Math.round(seconds)} s`;
  return connections === 'kept'
    ? `${after}; open connections went on`
    : `${after}, to ${agent}; open connections were reset`;
}

function describeEnd({ by, as_before }: Ended): string {
  if (by === 'down') return 'Ended by mirrord down.';
  return as_before ? 'Stopped. Everything is as it was before.' : 'Stopped.';
}
