/** The datagrams of one flow in the multiplexer: the same at both ends.  No credit: what finds no room is dropped. */
import { DATAGRAM_LIMIT } from './limits.ts';
import type { DialErrno, FlowDatagrams } from './flow.ts';

const nothing = (): void => {};

/** What a datagram flow needs of its multiplexer. */
export interface DatagramOwner {
  /** False: there is no room, the datagram is lost. */
  sendDatagram(flow: MuxDatagrams, payload: Uint8Array): boolean;
  sendEnd(flow: MuxDatagrams): void;
  sendRefusal(flow: MuxDatagrams, errno: DialErrno): void;
  finished(flow: MuxDatagrams): void;
}

export class MuxDatagrams implements FlowDatagrams {
  readonly id: number;
  onDatagram: (payload: Uint8Array) => void = nothing;
  onClosed: (errno: DialErrno | null) => void = nothing;
  onAnswer: (port: number, flow: FlowDatagrams) => void = (_port, flow) => flow.close();
  readonly #owner: DatagramOwner;
  #isOver = false;

  constructor(id: number, owner: DatagramOwner) {
    this.id = id;
    this.#owner = owner;
  }

  send(payload: Uint8Array): void {
    if (!this.#isOver && payload.length <= DATAGRAM_LIMIT) this.#owner.sendDatagram(this, payload);
  }

  close(): void {
    if (this.#isOver) return;
    this.#owner.sendEnd(this);
    this.#finish();
  }

  /** Tells the other end the errno with which the socket failed, and ends the flow. */
  fail(errno: DialErrno): void {
    if (this.#isOver) return;
    this.#owner.sendRefusal(this, errno);
    this.#finish();
  }

  /* ---- what the multiplexer calls ---- */

  received(payload: Buffer): void {
    if (!this.#isOver) this.onDatagram(payload);
  }

  refused(errno: DialErrno): void {
    this.#closed(errno);
  }

  /** Ended by the other end, or the tunnel is gone. */
  lost(): void {
    this.#closed(null);
  }

  /** Over without a word: what became of it has been told in another way. */
  discard(): void {
    this.onClosed = nothing;
    this.lost();
  }

  #closed(errno: DialErrno | null): void {
    if (this.#isOver) return;
    this.#finish();
    this.onClosed(errno);
  }

  #finish(): void {
    this.#isOver = true;
    this.#owner.finished(this);
  }
}
