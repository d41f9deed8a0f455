import type { Readable } from 'node:stream';

/** A watch event holds one object, and etcd takes none above 1.5 MB; a log line may be anything. */
const LINE_LIMIT = 4 * 1024 * 1024;

/** The lines of a stream, without their ends; an overlong one is cut into pieces.  Ends quietly when aborted. */
export async function* lines(stream: Readable, signal: AbortSignal): AsyncGenerator<string> {
  const abort = (): void => void stream.destroy();
  signal.addEventListener('abort', abort, { once: true });
  stream.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of stream as AsyncIterable<string>) {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop()!;
      for (const part of parts) yield part;
      if (rest.length > LINE_LIMIT) {
        yield rest;
        rest = '';
      }
    }
    if (rest !== '') yield rest;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    stream.destroy();
  }
}
