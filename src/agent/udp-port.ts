/**
 * A program's socket as the far side sees it: one port for all peers (RFC 4787 section 4.1: endpoint-independent
 * mapping), and answers from any port of a host that was sent to (section 5: address-dependent filtering), as a TFTP
 * server gives them.
 *
 * The port is shared by an open socket, which hears what no peer's own socket does, and one connected socket for each
 * peer.  SO_REUSEPORT shares it with sockets of the same user alone, unlike SO_REUSEADDR; the kernel prefers connected
 * sockets (Linux 5.4 and later).
 */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket, SocketOptions } from 'node:dgram';
import type { PeerDatagrams } from '../peer/udp.ts';
import { UDP_ANSWER_PORTS } from './limits.ts';
import type { Places } from './places.ts';
import { UdpPeer } from './udp-peer.ts';

/** Ports of this process.  The kernel may hand one out twice to sockets of one user that all share. */
const taken = new Set<number>();

export class UdpPort {
  readonly #options: SocketOptions;
  readonly #places: Places;
  /** Called once, when no peer is left. */
  readonly #over: () => void;
  readonly #peers = new Map<string, UdpPeer>();
  /** Connected ones, by their host. */
  readonly #byHost = new Map<string, Set<UdpPeer>>();
  /** Whose socket is not gone yet. */
  readonly #alive = new Set<UdpPeer>();
  #open: Socket | undefined;
  #port = 0;

  constructor(type: 'udp4' | 'udp6', places: Places, over: () => void) {
    this.#options = { type, reusePort: true, ipv6Only: type === 'udp6' };
    this.#places = places;
    this.#over = over;
    this.#bind();
  }

  /** The place is the caller's gift. */
  add(flow: PeerDatagrams, host: string, port: number): UdpPeer {
    const peer = new UdpPeer(flow, host, port, this.#options, {
      connected: (connected) => this.#connected(connected),
      stray: (message, from) => this.#received(message, from),
      over: (gone) => this.#gone(gone),
    });
    this.#alive.add(peer);
    if (this.#port !== 0) peer.bind(this.#port);
    return peer;
  }

  #bind(): void {
    const socket = createSocket(this.#options);
    this.#open = socket;
    socket.on('message', (message, from) => this.#received(message, from));
    socket.on('error', (error) => {
      for (const peer of this.#alive) peer.fail(error);
    });
    socket.bind({ port: 0, exclusive: true }, () => {
      if (this.#open !== socket) return;
      const { port } = socket.address();
      if (taken.has(port)) {
        // Closed once another one is there, which so cannot get the same.
        this.#bind();
        socket.close();
        return;
      }
      taken.add(port);
      this.#port = port;
      for (const peer of this.#alive) peer.bind(port);
    });
  }

  #connected(peer: UdpPeer): void {
    const key = keyOf(peer.host, peer.port);
    const before = this.#peers.get(key);
    // The program and its peer have begun at the same time: the program's own flow counts.
    if (before !== peer) before?.yield();
    this.#peers.set(key, peer);
    const others = this.#byHost.get(peer.host);
    if (others === undefined) this.#byHost.set(peer.host, new Set([peer]));
    else others.add(peer);
  }

  #received(message: Buffer, { address, port }: RemoteInfo): void {
    const known = this.#peers.get(keyOf(address, port));
    if (known !== undefined) return known.received(message);
    const others = this.#byHost.get(address);
    // A host that was not sent to, or one that answers from everywhere.
    if (others === undefined || others.size >= UDP_ANSWER_PORTS || !this.#places.take()) return;
    const [asked] = others;
    const flow = asked?.flow.answerFrom(port) ?? null;
    if (flow === null) return this.#places.leave();
    const peer = this.add(flow, address, port);
    // Known from now on: the next datagram may come before its socket is connected.
    this.#connected(peer);
    peer.received(message);
  }

  #gone(peer: UdpPeer): void {
    this.#places.leave();
    this.#alive.delete(peer);
    const key = keyOf(peer.host, peer.port);
    if (this.#peers.get(key) === peer) this.#peers.delete(key);
    const others = this.#byHost.get(peer.host);
    others?.delete(peer);
    if (others?.size === 0) this.#byHost.delete(peer.host);
    if (this.#alive.size > 0) return;
    taken.delete(this.#port);
    const open = this.#open;
    this.#open = undefined;
    open?.close();
    this.#over();
  }
}

const keyOf = (host: string, port: number): string => `${host} ${port}`;
