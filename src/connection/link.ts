/**
 * One transport in use: cuts what arrives into frames, writes frames, and says once when it is over.
 *
 * The owner changes from the hello to the byte stream in the middle of a chunk, so `owner` can be replaced at any time.
 */
import type { Duplex } from 'node:stream';
import { FRAME, FrameDecoder, HEADER_LENGTH, writeHeader } from './frame.ts';
import type { FrameSink } from './frame.ts';

export interface LinkOwner extends FrameSink {
  /** The transport is gone; nothing follows. */
  lost(reason: string): void;
  /** A frame that is too long: the peer speaks something else.  The owner decides how the link ends. */
  malformed(): void;
}

export class Link {
  readonly transport: Duplex;
  /** performance.now() of the latest bytes, ms. */
  lastReceived = performance.now();
  readonly #decoder: FrameDecoder;
  #owner: LinkOwner;
  #over = false;

  constructor(transport: Duplex, owner: LinkOwner) {
    this.transport = transport;
    this.#owner = owner;
    this.#decoder = new FrameDecoder(owner);
    transport.on('data', (chunk: Buffer) => {
      this.lastReceived = performance.now();
      if (!this.#over && !this.#decoder.push(chunk)) this.#owner.malformed();
    });
    transport.on('error', (error: NodeJS.ErrnoException) => {
      this.#lose(error.code === 'EPIPE' || error.code === 'ECONNRESET' ? 'the connection was closed' : error.message);
    });
    transport.on('end', () => this.#lose('the peer closed the connection'));
    transport.on('close', () => this.#lose('the connection was closed'));
  }

  set owner(owner: LinkOwner) {
    this.#owner = owner;
    this.#decoder.sink = owner;
  }

  send(frame: Uint8Array): void {
    if (!this.#over) this.transport.write(frame);
  }

  /** One DATA frame; the chunks must not change until they are acknowledged. */
  sendData(chunks: readonly Uint8Array[], length: number): void {
    if (this.#over) return;
    const transport = this.transport;
    const header = Buffer.allocUnsafe(HEADER_LENGTH);
    writeHeader(header, FRAME.data, length);
    transport.cork();
    transport.write(header);
    for (const chunk of chunks) transport.write(chunk);
    transport.uncork();
  }

  /** Drops the transport without a word to the owner. */
  destroy(): void {
    this.#stop();
    this.transport.destroy();
  }

  /**
   * Sends a last frame, drops the transport when the peer has hung up or after `graceMs`, and resolves then.  The peer
   * hangs up first: a port-forward that is closed on this side may lose what it still carries.
   */
  async finish(frame: Uint8Array, graceMs: number): Promise<boolean> {
    if (this.#over) return false;
    this.#stop();
    const transport = this.transport;
    let isHeard = true;
    const deadline = setTimeout(() => {
      isHeard = false;
      transport.destroy();
    }, graceMs);
    const closed = new Promise<void>((resolve) => transport.once('close', resolve));
    transport.once('end', () => transport.destroy());
    transport.write(frame);
    // What still comes in is thrown away: closing a socket with unread bytes would send RST and lose the last frame.
    transport.resume();
    await closed;
    clearTimeout(deadline);
    return isHeard;
  }

  #stop(): void {
    this.#over = true;
    this.#decoder.stop();
  }

  #lose(reason: string): void {
    if (this.#over) return;
    this.destroy();
    this.#owner.lost(reason);
  }
}
