/** The lines of a log: those that are there, and those that come. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { MirrordError } from '../errors.ts';

/** How soon a new line is seen, ms. */
const LOOK_MS = 200;
const CHUNK_BYTES = 64 * 1024;

/** Throws `log-missing`.  `follow`: goes on for ever, also in the file that the next session begins at the same path. */
export async function* logLines(path: string, follow: boolean): AsyncGenerator<string> {
  let file = await openLog(path);
  let rest = '';
  try {
    for (;;) {
      for await (const text of readOn(file)) {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
      if (!follow) {
        if (rest !== '') yield rest;
        return;
      }
      const next = await successor(path, file);
      if (next !== undefined) {
        await file.close();
        file = next;
      } else await delay(LOOK_MS);
    }
  } finally {
    await file.close();
  }
}

/** From where it was read to its present end. */
async function* readOn(file: FileHandle): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES);
    if (bytesRead === 0) return;
    yield decoder.decode(buffer.subarray(0, bytesRead), { stream: true });
  }
}

/** The file that has taken its place; undefined as long as it is the same one. */
async function successor(path: string, file: FileHandle): Promise<FileHandle | undefined> {
  const [there, here] = await Promise.all([stat(path).catch(() => undefined), file.stat()]);
  return there === undefined || there.ino === here.ino ? undefined : openLog(path);
}

async function openLog(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw new MirrordError('usage', 'log-missing', `There is no log at ${path}: ${(error as Error).message}.`, {
      help: 'The user who starts a session owns its log. Name the session with --name.',
      cause: error,
    });
  }
}
