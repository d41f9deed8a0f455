/**
 * The client's side of the loader: gives the agent's code to whatever asks for it.
 *
 * Loader and agent listen on the same port, one after the other, and both speak first: the loader asks with one byte, the
 * agent greets (connection/hello.ts).  The code is no secret, so it matters little who asks; that it was the agent is proved
 * by the hello, which follows on the same connection.
 */
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dial } from '../connection/dial.ts';

/** No frame of the hello begins with it. */
export const CODE_WANTED = '?';

/** Between two attempts, ms. */
const AGAIN_MS = 100;

/**
 * Dials, and resolves when an agent that runs has begun to greet.  A connection that is lost on the way to there, in the
 * middle of the code or because neighbours of the agent crowd it out, is replaced until the signal aborts.
 */
export function delivering(dial: Dial, code: Uint8Array): Dial {
  return async (signal) => {
    for (;;) {
      const transport = await dial(signal);
      let wanted = false;
      try {
        let first = await firstByte(transport, signal);
        wanted = first.toString('latin1') === CODE_WANTED;
        if (wanted) {
          transport.write(code);
          first = await firstByte(transport, signal);
        }
        transport.unshift(first);
        return transport;
      } catch (error) {
        transport.destroy();
        if (!wanted || signal.aborted) throw error;
      }
      await delay(AGAIN_MS);
    }
  };
}

/** Rejects when the transport ends before there is one, and when the signal aborts. */
function firstByte(transport: Duplex, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      transport.off('readable', look).off('end', lost).off('close', lost);
      signal.removeEventListener('abort', aborted);
    };
    const fail = (error: unknown): void => {
      settle();
      reject(error);
    };
    const look = (): void => {
      const byte: Buffer | null = transport.read(1);
      if (byte === null) return;
      settle();
      resolve(byte);
    };
    const lost = (): void => failed(new Error('the connection was closed'));
    const failed = ({ message }: Error): void =>
      fail(new Error(`connection lost before the agent had answered: ${message}`));
    const aborted = (): void => fail(signal.reason);
    if (signal.aborted) return aborted();
    if (transport.destroyed) return lost();
    signal.addEventListener('abort', aborted);
    // The first to be told counts; the listener stays until the tunnel has one of its own.
    transport.on('error', failed);
    transport.on('end', lost).on('close', lost).on('readable', look);
  });
}
