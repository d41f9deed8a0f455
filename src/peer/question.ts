/** Questions that the client asks and the agent answers, each in one message. */
import { parseErrno } from '../mux/errno.ts';
import type { DialOutcome } from '../mux/flow.ts';
import { ANSWER_LIMIT_MS } from '../mux/limits.ts';
import type { Mux } from '../mux/mux.ts';
import type { AgentInfo } from './agent-info.ts';
import { type ProcessEnvironment, type TargetContainer, decodeEnvironment, encodeEnvironment } from './environment.ts';
import { KIND, type Kind, encodeOpening } from './opening.ts';
import type { Service } from './peer.ts';

const NOTHING = Buffer.alloc(0);

/* ---- DNS: a message each way, as it is ---- */

export function askNameServers(mux: Mux, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  return ask(mux, KIND.resolve, message, signal);
}

export function answerNames(resolve: (message: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>): Service {
  return (arrival) => arrival.question(async (message, signal) => resolve(message, signal));
}

/* ---- whether a host is there: the answer is an errno's name, or nothing when it is ---- */

export async function askProbe(mux: Mux, host: string): Promise<DialOutcome> {
  const errno = await ask(mux, KIND.probe, host);
  return errno.length === 0 ? { ok: true } : { ok: false, errno: parseErrno(errno.toString('latin1')) };
}

export function answerProbe(probe: (host: string, signal: AbortSignal) => Promise<DialOutcome>): Service {
  return (arrival) =>
    arrival.question(async (host, signal) => {
      const outcome = await probe(host.toString('latin1'), signal);
      return outcome.ok ? NOTHING : Buffer.from(outcome.errno);
    });
}

/* ---- what the agent sees: JSON ---- */

export async function askInfo(mux: Mux): Promise<AgentInfo> {
  const answer = await ask(mux, KIND.info, NOTHING);
  // The agent is of our own release (the hello has compared versions), and proved by where it runs.
  const info: AgentInfo = JSON.parse(answer.toString());
  return info;
}

export function answerInfo(info: () => AgentInfo): Service {
  return (arrival) => arrival.question(async () => Buffer.from(JSON.stringify(info())));
}

/* ---- the target's environment: the container as JSON, and what environment.ts makes of its process ---- */

export async function askEnvironment(mux: Mux, container: TargetContainer): Promise<ProcessEnvironment> {
  return decodeEnvironment(await ask(mux, KIND.environment, JSON.stringify(container)));
}

export function answerEnvironment(read: (container: TargetContainer) => Promise<ProcessEnvironment>): Service {
  return (arrival) =>
    arrival.question(async (question) => {
      // The client is of our own release: the hello has compared versions.
      const container: TargetContainer = JSON.parse(question.toString());
      return encodeEnvironment(await read(container));
    });
}

export async function ask(
  mux: Mux,
  kind: Kind,
  body: string | Uint8Array,
  signal = AbortSignal.timeout(ANSWER_LIMIT_MS),
): Promise<Buffer> {
  const answer = await mux.ask(encodeOpening(kind, 0, body), signal);
  if (typeof answer === 'string') throw new Error(`the agent could not answer: ${answer}`);
  return answer;
}
