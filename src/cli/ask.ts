/** Questions to a session that must be up. */
import { askSession, sessionNames } from '../control/client.ts';
import { MirrordError } from '../errors.ts';

/** Like `askSession`, but an error that nobody listens says which sessions there are, or how to start one. */
export async function askRunning(name: string, method: string, deadlineMs: number, params?: unknown): Promise<unknown> {
  try {
    return await askSession(name, method, params, AbortSignal.timeout(deadlineMs));
  } catch (error) {
    if (!(error instanceof MirrordError) || error.code !== 'session-not-running') throw error;
    const others = (await sessionNames()).filter((other) => other !== name);
    const start = name === 'default' ? 'sudo mirrord up' : `sudo mirrord up --name ${name}`;
    throw new MirrordError('usage', 'session-not-running', `No session '${name}' is up.`, {
      help: [
        `Start it first: ${start}`,
        ...(others.length === 0 ? [] : [`Or choose one that is there with --name: ${others.join(', ')}`]),
      ].join('\n'),
      cause: error,
    });
  }
}
