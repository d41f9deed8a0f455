/** Bytes to a port by hand, and what comes back. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export class RawClient {
  readonly socket: Socket;
  received = '';
  hasEnded = false;
  isClosed = false;
  #changed = Promise.withResolvers<void>();

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.socket.on('error', () => {});
    this.socket.on('data', (bytes: Buffer) => {
      this.received += bytes.toString('latin1');
      this.#change();
    });
    this.socket.on('end', () => {
      this.hasEnded = true;
      this.#change();
    });
    this.socket.on('close', () => {
      this.isClosed = true;
      this.#change();
    });
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Resolves when the bytes have left, or cannot. */
  written(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  /** Resolves once it is so; rejects after `ms` with what there is. */
  async until(isSo: () => boolean, ms = 10_000): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`after ${ms} ms: ${this.received.slice(-500)}`)), ms);
    try {
      while (!isSo()) await Promise.race([this.#changed.promise, late.promise]);
    } finally {
      clearTimeout(timer);
      late.promise.catch(() => {});
    }
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** The same of anything: looks again and again. */
export async function eventually(isSo: () => boolean, ms = 10_000): Promise<void> {
  for (const deadline = performance.now() + ms; !isSo();) {
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${isSo.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
