/**
 * What the session says unasked, checked before the root part believes any of it: its class of failure becomes the exit
 * code of `up`, its texts are printed.  Requests are checked where they are answered (`dispatch.ts`).
 */
import { EXIT, type ErrorDescription, type FailureClass } from '../errors.ts';
import type { PathChange, Progress, Ready, Remain, SessionToHost } from '../ipc/protocol.ts';
import { type Fields, fields, list, refuse, whole } from './unchecked.ts';

/** As the session sends it, but for a request, whose fields may still be anything. */
export type Message =
  | Exclude<SessionToHost, { readonly type: 'request' }>
  | { readonly type: 'request'; readonly id: number; readonly request: Fields };

const LIMITS = { text: 65_536, remains: 64, withinMs: 86_400_000, awayMs: Number.MAX_SAFE_INTEGER } as const;

const STEPS: readonly Progress['step'][] = [
  'cluster',
  'target',
  'agent',
  'routes',
  'others',
  'filter',
  'incoming',
  'dns',
  'repair',
  'config',
];
const STATES: readonly Progress['state'][] = ['running', 'done', 'warning'];

/** As Kubernetes names services (RFC 1035, 2.3.1), with a namespace where it has one. */
const SERVICE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$/;

/** Throws `request-refused` for what no session says. */
export function checkMessage(value: unknown): Message {
  const message = fields(value, 'a message');
  switch (message['type']) {
    case 'request':
      return {
        type: 'request',
        id: whole(message['id'], 0, Number.MAX_SAFE_INTEGER, 'a request number'),
        request: message,
      };
    case 'progress':
      return { type: 'progress', progress: progress(message['progress']) };
    case 'ready':
      return { type: 'ready', ready: ready(message['ready']) };
    case 'path':
      return { type: 'path', change: pathChange(message['change']) };
    case 'failed':
      return { type: 'failed', error: failure(message['error']) };
    case 'remains':
      return { type: 'remains', remains: checkRemains(message['remains']) };
    case 'released':
    case 'interrupted':
    case 'down':
      return { type: message['type'] };
    default:
      return refuse('an unknown message');
  }
}

function progress(value: unknown): Progress {
  const { step, state, text: words } = fields(value, 'progress');
  return { step: oneOf(STEPS, step), state: oneOf(STATES, state), text: text(words) };
}

/** People paste a command with the service in it, so that its name can be nothing else than one. */
function ready(value: unknown): Ready {
  const { place, service, log } = fields(value, 'what is ready');
  return { place: textOrNull(place), service: service === null ? null : exampleService(service), log: textOrNull(log) };
}

function pathChange(value: unknown): PathChange {
  const { state, reason, keptMs, afterMs, connections, agent } = fields(value, 'a change of the path');
  if (oneOf(['lost', 'back'], state) === 'lost') {
    const kept = keptMs === null ? null : whole(keptMs, 0, LIMITS.withinMs, 'a time');
    return { state: 'lost', reason: text(reason), keptMs: kept };
  }
  const after = whole(afterMs, 0, LIMITS.awayMs, 'a time');
  return { state: 'back', afterMs: after, connections: oneOf(['kept', 'reset'], connections), agent: text(agent) };
}

function exampleService(value: unknown): Ready['service'] {
  const { name, port, isWeb } = fields(value, 'a service');
  if (typeof name !== 'string' || !SERVICE.test(name) || typeof isWeb !== 'boolean') return refuse('a service');
  return { name, port: whole(port, 1, 65_535, 'a port'), isWeb };
}

function failure(value: unknown): ErrorDescription {
  const error = fields(value, 'a failure');
  return {
    code: text(error['code']),
    failure: oneOf(
      (Object.keys(EXIT) as (keyof typeof EXIT)[]).filter((each): each is FailureClass => each !== 'ok'),
      error['failure'],
    ),
    message: text(error['message']),
    ...(error['help'] === undefined ? {} : { help: text(error['help']) }),
  };
}

export function checkRemains(value: unknown): readonly Remain[] {
  return list(value, LIMITS.remains, 'what remains', remain);
}

function remain(value: unknown): Remain {
  const { what, why, withinMs } = fields(value, 'what remains');
  return {
    what: text(what),
    why: why === null ? null : text(why),
    withinMs: whole(withinMs, 0, LIMITS.withinMs, 'what remains'),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' && value.length <= LIMITS.text ? value : refuse('a text');
}

const textOrNull = (value: unknown): string | null => (value === null ? null : text(value));

function oneOf<T extends string>(all: readonly T[], value: unknown): T {
  return all.find((each) => each === value) ?? refuse('an unknown word');
}

/** What stayed behind in the cluster, for people. */
export function describeRemain({ what, why, withinMs }: Remain): string {
  const reason = why ?? 'the session ended before it could';
  return `${what} could not be removed (${reason}). It ends by itself within ${duration(withinMs)}.`;
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
