/** One source port for questions by UDP. */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { NoAnswer } from './deadline.ts';
import { questionEndOf } from './query.ts';
import type { UpstreamServer } from './upstream-server.ts';
import { answersQuestion, FLAG, OPCODE_MASK, uint16, withId } from './wire.ts';

/** As many as ids are found for without a search: half of them. */
export const MAX_QUESTIONS_PER_PORT = 0x8000;

interface Pending {
  readonly server: UpstreamServer;
  /** As sent, with our id. */
  readonly message: Uint8Array;
  readonly isAnswer: (answer: Uint8Array) => boolean;
  readonly answered: (answer: Uint8Array) => void;
  readonly failed: (error: Error) => void;
}

export class UdpPort {
  readonly #socket: Socket;
  /** Bound to a port that the kernel has drawn (RFC 6056); rejects where there is none, or no such family. */
  readonly #bound: Promise<void>;
  readonly #unused: () => void;
  readonly #pending = new Map<number, Pending>();

  /** `unused` is called when a question has settled and no other waits. */
  constructor(family: 4 | 6, hopLimit: number | null, unused: () => void) {
    this.#unused = unused;
    this.#socket = createSocket(family === 4 ? { type: 'udp4' } : { type: 'udp6', ipv6Only: true });
    this.#bound = new Promise((resolve, reject) => {
      // Errors of single datagrams come to `send`'s callback; later ones (an ICMP error of some kernels) end nothing.
      this.#socket.on('error', reject);
      this.#socket.bind(0, () => {
        if (hopLimit !== null) this.#socket.setTTL(hopLimit);
        resolve();
      });
    });
    this.#bound.catch(() => undefined); // told to who asks
    this.#socket.on('message', (answer, from) => {
      const pending = this.#pending.get(uint16(answer, 0));
      if (pending === undefined) return;
      const { server, isAnswer, answered } = pending;
      // RFC 5452, 9.1: address, port, id and question must all be those of the query.
      if (from.port !== server.port || from.address !== server.host) return;
      if (isAnswer(answer)) answered(answer);
    });
  }

  /** Questions that wait for an answer. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** Resolves to the server's answer under the message's own id; rejects when `signal` aborts or nothing can be sent. */
  ask(message: Uint8Array, server: UpstreamServer, signal: AbortSignal): Promise<Uint8Array> {
    const sent = withId(message, this.#unusedId(randomInt(0x10000)));
    const questionEnd = questionEndOf(message);
    return this.#send(message, sent, server, signal, (answer) => answersQuestion(answer, sent, questionEnd));
  }

  /** The same for any message, sent with its own id (which signatures cover: RFC 2931) while no other question has it. */
  relay(message: Uint8Array, server: UpstreamServer, signal: AbortSignal): Promise<Uint8Array> {
    const sent = withId(message, this.#unusedId(uint16(message, 0)));
    const isAnswer = (answer: Uint8Array): boolean =>
      (uint16(answer, 2) & FLAG.QR) !== 0 && ((uint16(answer, 2) ^ uint16(sent, 2)) & OPCODE_MASK) === 0;
    return this.#send(message, sent, server, signal, isAnswer);
  }

  #unusedId(first: number): number {
    let id = first;
    while (this.#pending.has(id)) id = (id + 1) & 0xffff;
    return id;
  }

  #send(
    message: Uint8Array,
    sent: Uint8Array,
    server: UpstreamServer,
    signal: AbortSignal,
    isAnswer: Pending['isAnswer'],
  ): Promise<Uint8Array> {
    const id = uint16(sent, 0);
    return new Promise<Uint8Array>((resolve, reject) => {
      const settle = (): boolean => {
        signal.removeEventListener('abort', aborted);
        if (this.#pending.get(id)?.message !== sent) return false;
        this.#pending.delete(id);
        if (this.#pending.size === 0) this.#unused();
        return true;
      };
      const failed = (error: Error): void => {
        if (settle()) reject(new NoAnswer(error.message));
      };
      const aborted = (): void => failed(new Error('no answer'));
      const answered = (answer: Uint8Array): void => {
        if (settle()) resolve(withId(answer, uint16(message, 0)));
      };
      this.#pending.set(id, { server, message: sent, isAnswer, answered, failed });
      signal.addEventListener('abort', aborted);
      if (signal.aborted) return aborted();
      this.#bound.then(() => {
        if (this.#pending.get(id)?.message !== sent) return;
        this.#socket.send(sent, server.port, server.host, (error) => {
          if (error !== null) failed(error);
        });
      }, failed);
    });
  }

  close(): void {
    for (const { failed } of this.#pending.values()) failed(new Error('closed'));
    this.#socket.close();
  }
}
