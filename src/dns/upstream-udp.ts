/** Questions to servers by UDP, from a few long-lived sockets. */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { NoAnswer } from './deadline.ts';
import { questionEndOf } from './query.ts';
import type { UpstreamServer } from './upstream-server.ts';
import { answersQuestion, uint16, withId } from './wire.ts';

/** More than one, so that a forger must guess the socket beside the id (RFC 5452, 9.2). */
const SOCKETS_PER_FAMILY = 4;
/** Draws until a number is free in both families; more in a row means that something else is wrong. */
const MAX_DRAWS = 100;
/** Questions on their way, all sockets together: half of the ids of one socket, so that a free id is soon found. */
const MAX_PENDING = 32_768;

/** Bursts of answers wait in the kernel; it takes less where it must (net.core.rmem_max). */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;

interface Pending {
  readonly server: UpstreamServer;
  /** As sent, with our id. */
  readonly message: Uint8Array;
  readonly questionEnd: number;
  readonly answered: (answer: Uint8Array) => void;
}

interface Port {
  readonly socket: Socket;
  readonly number: number;
  readonly family: 4 | 6;
  readonly pending: Map<number, Pending>;
}

export class UdpExchange {
  readonly #ports: readonly Port[];
  #pending = 0;

  private constructor(ports: readonly Port[]) {
    this.#ports = ports;
  }

  static async open(): Promise<UdpExchange> {
    const ports: Port[] = [];
    for (let i = 0; i < SOCKETS_PER_FAMILY; i++) ports.push(...(await openPair()));
    return new UdpExchange(ports);
  }

  get ports(): readonly number[] {
    return [...new Set(this.#ports.map((port) => port.number))];
  }

  /** Resolves to the server's answer under the message's own id; rejects when `signal` aborts or nothing can be sent. */
  ask(message: Uint8Array, server: UpstreamServer, signal: AbortSignal): Promise<Uint8Array> {
    const usable = this.#ports.filter((port) => port.family === server.family);
    const port = usable[randomInt(Math.max(1, usable.length))];
    if (port === undefined) return Promise.reject(new NoAnswer(`no IPv${server.family} on this machine`));
    if (this.#pending >= MAX_PENDING) return Promise.reject(new NoAnswer('too many questions on their way'));
    let id = randomInt(0x10000);
    while (port.pending.has(id)) id = (id + 1) & 0xffff;
    const sent = withId(message, id);

    return new Promise<Uint8Array>((resolve, reject) => {
      const settle = () => {
        if (port.pending.delete(id)) this.#pending--;
        signal.removeEventListener('abort', aborted);
      };
      const aborted = () => {
        settle();
        reject(new NoAnswer('no answer'));
      };
      const answered = (answer: Uint8Array) => {
        settle();
        resolve(withId(answer, uint16(message, 0)));
      };
      port.pending.set(id, { server, message: sent, questionEnd: questionEndOf(message), answered });
      this.#pending++;
      signal.addEventListener('abort', aborted);
      if (signal.aborted) return aborted();
      port.socket.send(sent, server.port, server.host, (error) => {
        if (error === null || port.pending.get(id)?.message !== sent) return;
        settle();
        reject(new NoAnswer(error.message));
      });
    });
  }

  close(): void {
    for (const { socket } of this.#ports) socket.close();
  }
}

/**
 * One number in both families, or a program could be given the free half by chance, and its questions would pass the
 * redirect.  A machine without IPv6 has no IPv6 servers either.
 */
async function openPair(): Promise<readonly Port[]> {
  for (let draws = 0; draws < MAX_DRAWS; draws++) {
    const v4 = await openPort(4, 0);
    if (v4 === null) break;
    try {
      const v6 = await openPort(6, v4.number);
      return v6 === null ? [v4] : [v4, v6];
    } catch (error) {
      v4.socket.close();
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
  throw new Error('no UDP port is free in both families');
}

/** Null where there is no IPv6. */
async function openPort(family: 4 | 6, number: number): Promise<Port | null> {
  const socket = createSocket({
    ...(family === 4 ? { type: 'udp4' } : { type: 'udp6', ipv6Only: true }),
    recvBufferSize: RECEIVE_BUFFER_BYTES,
  });
  const pending = new Map<number, Pending>();
  const bound = await new Promise<boolean>((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (family === 6 && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL')) resolve(false);
      else reject(error);
    });
    socket.bind(number, () => resolve(true));
  });
  if (!bound) return null;
  // Errors of single datagrams come to `send`'s callback; what comes here (an ICMP error of some kernels) ends nothing.
  socket.removeAllListeners('error').on('error', () => undefined);
  socket.on('message', (answer, from) => {
    const pendingOne = pending.get(uint16(answer, 0));
    if (pendingOne === undefined) return;
    const { server, message, questionEnd, answered } = pendingOne;
    // RFC 5452, 9.1: address, port, id and question must all be those of the query.
    if (from.port !== server.port || from.address !== server.host) return;
    if (answersQuestion(answer, message, questionEnd)) answered(answer);
  });
  return { socket, number: socket.address().port, family, pending };
}
