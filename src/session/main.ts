/**
 * The session process: runs as the invoking user, holds the TUN's descriptor, and puts the parts together.
 *
 * Kubernetes, tunnel, stack and resolver are folders of their own; this one wires them.  It asks the host (root) for the
 * few things that need privilege, by the IPC channel, and ends when the host ends.
 */
import { type ErrorDescription, describeError } from '../errors.ts';
import { HostClient } from './host-client.ts';
import { showTrace } from '../trace.ts';
import { Session } from './session.ts';

/** An orderly end that takes longer than this is not orderly: the host would kill us next. */
const CLOSE_MS = 8_000;

async function main(): Promise<void> {
  const host = new HostClient(process);
  const stopping = new AbortController();
  // Ctrl-C is the host's to handle: it has flows reset, takes routes and DNS back, then tells us.
  process.on('SIGINT', () => undefined);
  for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, () => host.interrupted());
  process.on('disconnect', () => stopping.abort());

  const start = await host.started;
  Object.assign(process.env, start.environment);
  const session = new Session(start, host);
  if (start.options.verbose) {
    // The host part passes on what is printed here.
    const print = (line: string): unknown => process.stdout.write(`${line}\n`);
    if (session.logPath !== null) print(`log: ${session.logPath}`);
    showTrace(print);
  }
  host.listen({
    release: () => session.release(),
    stop: () => stopping.abort(),
    changed: (facts) => session.machineChanged(facts),
  });

  const ended = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await session.up(stopping.signal);
    await ended;
  } catch (error) {
    if (!stopping.signal.aborted) host.failed(withLog(describeError(error), session.logPath));
  }
  setTimeout(() => process.exit(1), CLOSE_MS).unref();
  await session.close();
  process.exit(0);
}

/** What came before the failure stands in the log. */
function withLog(error: ErrorDescription, log: string | null): ErrorDescription {
  if (log === null) return error;
  return { ...error, help: [error.help ?? '', `The log: ${log}`].filter((line) => line !== '').join('\n') };
}

await main();
