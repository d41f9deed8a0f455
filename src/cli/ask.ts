/** Questions to a session of this network namespace that must be up. */
import { askSession, followSession, listSessions } from '../control/client.ts';
import { sessionHere } from '../control/session-folder.ts';
import type { Numbered } from '../control/wire.ts';
import { MirrordError } from '../errors.ts';
import { oneself } from './oneself.ts';

/** Like `askSession`, but where none listens the error says which sessions there are, or how to start one. */
export async function askRunning(name: string, method: string, deadlineMs: number, params?: unknown): Promise<unknown> {
  try {
    return await askSession(sessionHere(name), method, params, AbortSignal.timeout(deadlineMs), await oneself());
  } catch (error) {
    throw await withAdvice(error, name);
  }
}

/** The same of `followSession`; `deadlineMs` is for the answer's beginning. */
export async function* followRunning(
  name: string,
  method: string,
  deadlineMs: number,
): AsyncGenerator<Numbered<unknown>> {
  try {
    yield* followSession(sessionHere(name), method, undefined, AbortSignal.timeout(deadlineMs), await oneself());
  } catch (error) {
    throw await withAdvice(error, name);
  }
}

async function withAdvice(error: unknown, name: string): Promise<unknown> {
  const isMissing = error instanceof MirrordError && error.code === 'session-not-running';
  return isMissing ? notRunning(name, error) : error;
}

/** What there is instead, and how to start one. */
export async function notRunning(name: string, cause?: unknown): Promise<MirrordError> {
  const others = (await listSessions({ allNamespaces: false })).filter((other) => other.name !== name);
  const start = name === 'default' ? 'sudo mirrord up' : `sudo mirrord up --name ${name}`;
  return new MirrordError('usage', 'session-not-running', `No session '${name}' is up.`, {
    help: [
      `Start it with: ${start}`,
      ...(others.length === 0
        ? []
        : [`Or choose a session that is up with --name: ${others.map((other) => other.name).join(', ')}`]),
    ].join('\n'),
    cause,
  });
}
