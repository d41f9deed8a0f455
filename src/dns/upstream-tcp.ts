/** Questions to servers by TCP, from a small set of source ports. */
import { randomInt } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { NoAnswer } from './deadline.ts';
import { frame, FrameReader } from './framing.ts';
import { questionEndOf } from './query.ts';
import type { UpstreamServer } from './upstream-server.ts';
import { answersQuestion } from './wire.ts';

/** Connections at once.  TCP is the exception (truncated answers), and one takes a few round trips. */
const TCP_PORTS = 16;
/** Of these, what connections of programs may have, which last for as long as the program likes. */
const MAX_RELAYED = 8;
/** Below the ports that kernels give to connections by default (32768 up), so that no program holds ours by chance. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
/** Draws until a free port is found; more in a row means that something else is wrong. */
const MAX_DRAWS = 1_000;
/** Questions that wait for a port, before more are refused. */
const MAX_WAITING = 256;

export class TcpExchange {
  readonly ports: readonly number[];
  readonly #free: number[];
  readonly #waiting = new Set<(port: number) => void>();
  readonly #sockets = new Set<Socket>();
  #relayed = 0;
  #closed = false;

  private constructor(ports: readonly number[]) {
    this.ports = ports;
    this.#free = [...ports];
  }

  static async open(): Promise<TcpExchange> {
    const ports = new Set<number>();
    for (let draws = 0; ports.size < TCP_PORTS; draws++) {
      if (draws === MAX_DRAWS) throw new Error(`no free TCP ports between ${FIRST_PORT} and ${LAST_PORT}`);
      const port = randomInt(FIRST_PORT, LAST_PORT);
      if (await isFree(port)) ports.add(port);
    }
    return new TcpExchange([...ports]);
  }

  /** Resolves to the server's answer; rejects when `signal` aborts or the connection fails. */
  async ask(message: Uint8Array, server: UpstreamServer, signal: AbortSignal): Promise<Uint8Array> {
    const port = await this.#take(signal);
    try {
      return await exchange(message, this.#connect(server, port), signal);
    } finally {
      this.#release(port);
    }
  }

  /** A connection for a program's own messages; its port is free again when it is closed. */
  async relay(server: UpstreamServer, signal: AbortSignal): Promise<Socket> {
    if (this.#relayed >= MAX_RELAYED) throw new NoAnswer('too many connections of programs');
    this.#relayed++;
    let port: number | undefined;
    const done = (): void => {
      this.#relayed--;
      if (port !== undefined) this.#release(port);
    };
    try {
      port = await this.#take(signal);
      const socket = this.#connect(server, port);
      socket.once('close', done);
      return socket;
    } catch (error) {
      done();
      throw error;
    }
  }

  #connect(server: UpstreamServer, localPort: number): Socket {
    if (this.#closed) throw new NoAnswer('closed');
    const { host, port, family } = server;
    const socket = connect({ host, port, localPort, family, allowHalfOpen: true });
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }

  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async #take(signal: AbortSignal): Promise<number> {
    // The one that rested longest, so that a server has seen the last connection's end.
    const free = this.#free.shift();
    if (free !== undefined) return free;
    if (this.#waiting.size >= MAX_WAITING) throw new NoAnswer('too many questions by TCP');
    return await new Promise<number>((resolve, reject) => {
      const given = (port: number) => {
        signal.removeEventListener('abort', aborted);
        resolve(port);
      };
      const aborted = () => {
        this.#waiting.delete(given);
        reject(new NoAnswer('no answer'));
      };
      this.#waiting.add(given);
      signal.addEventListener('abort', aborted, { once: true });
      if (signal.aborted) aborted();
    });
  }

  #release(port: number): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      next(port);
      return;
    }
    this.#free.push(port);
  }
}

function exchange(message: Uint8Array, socket: Socket, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise<Uint8Array>((resolve, reject) => {
    const reader = new FrameReader();
    let outcome: Uint8Array | NoAnswer = new NoAnswer('the connection ended without an answer');
    const finish = (result: Uint8Array | NoAnswer) => {
      outcome = result;
      // Who is not connected yet would be reset only once he is, which may be minutes from now.
      if (socket.connecting) socket.destroy();
      // RST instead of FIN: no TIME_WAIT, which would block this source port for a minute.
      else socket.resetAndDestroy();
    };
    const aborted = () => finish(new NoAnswer('no answer'));
    signal.addEventListener('abort', aborted, { once: true });
    socket.on('connect', () => socket.write(frame(message)));
    socket.on('data', (chunk) => {
      const answer = reader.push(chunk)[0];
      if (answer === undefined) return;
      const matches = answersQuestion(answer, message, questionEndOf(message));
      finish(matches ? answer : new NoAnswer('the answer is for another question'));
    });
    socket.on('end', () => finish(outcome));
    socket.on('error', (error) => {
      outcome = new NoAnswer(error.message);
    });
    // The port is free again only once the socket is.
    socket.on('close', () => {
      signal.removeEventListener('abort', aborted);
      if (outcome instanceof NoAnswer) reject(outcome);
      else resolve(outcome);
    });
    if (signal.aborted) aborted();
  });
}

/** No socket listens on the port or is connected from it, on any address. */
async function isFree(port: number): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    // No host: both families where there are two.
    probe.listen({ port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
