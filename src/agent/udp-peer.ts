/**
 * One peer of a program's socket: a connected socket on the port that all its peers see, so that the kernel reports this
 * peer's ICMP errors, and gives its datagrams to nothing else.
 */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket, SocketOptions } from 'node:dgram';
import { toErrno } from '../mux/errno.ts';
import type { PeerDatagrams } from '../peer/udp.ts';
import { UDP_IDLE_MS, UDP_PENDING_LIMIT, UDP_RECEIVE_BUFFER } from './limits.ts';

export interface PeerEvents {
  connected(peer: UdpPeer): void;
  /** Came in before the socket was connected, from another peer. */
  stray(message: Buffer, from: RemoteInfo): void;
  /** Called once, when the socket is gone. */
  over(peer: UdpPeer): void;
}

export class UdpPeer {
  readonly flow: PeerDatagrams;
  /** As the kernel writes it, once connected. */
  host: string;
  readonly port: number;
  readonly #socket: Socket;
  readonly #events: PeerEvents;
  readonly #pending: Uint8Array[] = [];
  readonly #idle: NodeJS.Timeout;
  #isConnected = false;
  #isClosed = false;

  constructor(flow: PeerDatagrams, host: string, port: number, options: SocketOptions, events: PeerEvents) {
    this.flow = flow;
    this.host = host;
    this.port = port;
    this.#events = events;
    this.#socket = createSocket({ ...options, recvBufferSize: UDP_RECEIVE_BUFFER });
    this.#socket.on('message', (message, from) => {
      if (from.port === port && from.address === this.host) this.received(message);
      else events.stray(message, from);
    });
    this.#socket.on('error', (error) => this.fail(error));
    this.#socket.on('connect', () => this.#connected());
    this.#socket.on('close', () => events.over(this));
    this.#idle = setTimeout(() => {
      flow.close();
      this.#close();
    }, UDP_IDLE_MS);
    flow.onDatagram = (payload) => this.#send(payload);
    flow.onClosed = () => this.#close();
  }

  /** Takes the port that the program's socket has here. */
  bind(port: number): void {
    if (this.#isClosed) return;
    this.#socket.bind({ port, exclusive: true }, () => this.#attempt(() => this.#socket.connect(this.port, this.host)));
  }

  /** A datagram of the peer's. */
  received(message: Buffer): void {
    if (this.#isClosed) return;
    this.#idle.refresh();
    this.flow.send(message);
  }

  fail(error: Error): void {
    if (this.#isClosed) return;
    // Too long for the path, or a full queue, loses the one datagram, as everywhere; the flow lives.
    if (this.#isConnected && 'code' in error && (error.code === 'EMSGSIZE' || error.code === 'ENOBUFS')) return;
    if (this.#isConnected) this.flow.fail(toErrno(error));
    else this.flow.refuse(toErrno(error));
    this.#close();
  }

  /** In favour of another flow with the same peer. */
  yield(): void {
    if (this.#isClosed) return;
    this.flow.close();
    this.#close();
  }

  #connected(): void {
    if (this.#isClosed) return;
    this.#isConnected = true;
    this.host = this.#socket.remoteAddress().address;
    this.#events.connected(this);
    this.flow.accept();
    for (const payload of this.#pending) this.#socket.send(payload, this.#sent);
    this.#pending.length = 0;
  }

  #send(payload: Uint8Array): void {
    if (this.#isClosed) return;
    this.#idle.refresh();
    const copied = Buffer.from(payload);
    if (this.#isConnected) this.#socket.send(copied, this.#sent);
    else if (this.#pending.length < UDP_PENDING_LIMIT) this.#pending.push(copied);
  }

  readonly #sent = (error: Error | null): void => {
    if (error !== null) this.fail(error);
  };

  #attempt(action: () => void): void {
    if (this.#isClosed) return;
    try {
      action();
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#idle);
    this.#socket.close();
  }
}
