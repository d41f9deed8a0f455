/** Reads what another program writes, a pipe or standard input, without waiting for it for ever. */
import { constants, open, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Chunks, and the way to be rid of a writer that says nothing. */
export type ByteSource = AsyncIterable<Uint8Array> & { destroy?(): unknown };

/** A writer that says nothing; people who type by hand get this long.  Milliseconds. */
const SILENCE_MS = 60_000;
/** A named pipe that nothing has opened for writing: its writer starts at about the same time, or never.  Milliseconds. */
const WRITER_MS = 2_000;
/** Between two looks at a pipe; milliseconds. */
const LOOK_MS = 20;

/**
 * A named pipe, or that of `-f <(...)`; null when more than `limit` bytes come.  It is looked at again and again instead of
 * waited for: a thread that waits in open(2) or read(2) would keep this process from ending.
 */
export async function readPipe(path: string, limit: number): Promise<Buffer | null> {
  const pipe = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const content = Buffer.allocUnsafe(limit + 1);
    const started = performance.now();
    let size = 0;
    for (let written = false; ;) {
      const read = await readSome(pipe, content.subarray(size));
      if (read === 0 && written) return content.subarray(0, size);
      written ||= read !== 0;
      size += read ?? 0;
      if (size > limit) return null;
      const waited = performance.now() - started;
      if (!written && waited > WRITER_MS) throw new Error('nothing writes to this pipe');
      if (waited > SILENCE_MS) throw new Error('its writer does not finish');
      if (!read) await delay(LOOK_MS);
    }
  } finally {
    await pipe.close();
  }
}

/** 0 when no writer has it open, null when there is one that has nothing to say yet. */
async function readSome(pipe: FileHandle, into: Uint8Array): Promise<number | null> {
  try {
    return (await pipe.read(into, 0, into.length, null)).bytesRead;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null;
    throw error;
  }
}

/** All of a stream; null when it has more than `limit` bytes. */
export async function readStream(stream: ByteSource, limit: number): Promise<Buffer | null> {
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    deadline.reject(new Error('no data arrived within a minute'));
    // Else the pending read would keep this process from ending.
    stream.destroy?.();
  }, SILENCE_MS);
  const read = async (): Promise<Buffer | null> => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of stream) {
      size += chunk.length;
      if (size > limit) return null;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  };
  try {
    return await Promise.race([read(), deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}
