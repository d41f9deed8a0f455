/** The agent's log, which is also how it says that it listens. */
import { setTimeout as delay } from 'node:timers/promises';
import { MirrordError } from '../../errors.ts';
import { isStatus, explainAnswer } from '../server/api-error.ts';
import type { AgentProgram } from '../cluster.ts';
import type { Api } from '../server/api.ts';
import type { AgentPlace } from './place.ts';

/** Shown when the agent ends without having listened. */
const TAIL_LINES = 12;
const TAIL_LINE_LENGTH = 400;
/** The kubelet learns of a started container a moment before it gives its log. */
const RETRY_MS = 150;

export type LogVerdict =
  | { readonly kind: 'listening'; readonly port: number }
  /** The log ended; `tail` is what people should see of it. */
  | { readonly kind: 'ended'; readonly tail: string };

/**
 * Follows the log from its beginning until the agent listens, or the log ends.  Throws `agent-refused` when `refuses` has
 * something against the Node that it runs on.
 */
export async function awaitListening(
  api: Api,
  place: AgentPlace,
  refuses: AgentProgram['refuses'],
  signal: AbortSignal,
): Promise<LogVerdict> {
  const tail: string[] = [];
  for await (const line of followLog(api, place, signal)) {
    const event = parseEvent(line);
    if (event?.event === 'listening' && isPort(event.port)) {
      const why = typeof event.node === 'string' ? refuses(event.node) : null;
      if (why === null) return { kind: 'listening', port: event.port };
      throw new MirrordError('agent', 'agent-refused', `The agent cannot run there: ${why}`, {
        help: 'Set agent.image to an image with Node 24 or newer, such as the default one.',
      });
    }
    tail.push(line.slice(0, TAIL_LINE_LENGTH));
    if (tail.length > TAIL_LINES) tail.shift();
  }
  signal.throwIfAborted();
  return { kind: 'ended', tail: tail.join('\n').trim() };
}

async function* followLog(api: Api, place: AgentPlace, signal: AbortSignal): AsyncGenerator<string> {
  const path = `/api/v1/namespaces/${place.namespace}/pods/${place.pod}/log`;
  const query = { container: place.container, follow: 'true' };
  while (!signal.aborted) {
    try {
      yield* api.follow({ path, query, signal });
      return;
    } catch (error) {
      signal.throwIfAborted();
      // 400: "container is waiting to start"; 404 and 5xx: the kubelet is not that far yet.
      if (!isStatus(error, 400, 404, 500, 502, 503)) {
        throw explainAnswer(error, `reading the log of pod ${place.namespace}/${place.pod}`);
      }
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}

interface AgentEvent {
  readonly event?: unknown;
  readonly port?: unknown;
  readonly node?: unknown;
}

function parseEvent(line: string): AgentEvent | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as AgentEvent;
  } catch {
    // A line of somebody else's (Node's own warnings): part of the tail.
    return null;
  }
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}
