/**
 * The resolver on loopback sockets: UDP and TCP, 127.0.0.1 and ::1, all on one port, where a redirect can send questions.
 *
 * It answers this machine alone: with net.ipv4.conf.*.route_localnet, as kube-proxy sets it, the kernel takes packets for
 * 127.0.0.1 from any neighbour (CVE-2020-8558).  A redirected question keeps its source, which is one of the machine's own
 * addresses; the kernel takes no packet from outside that has one of these for its source.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { MirrordError } from '../errors.ts';
import { DnsStream } from './dns-stream.ts';
import { OwnAddresses } from './own-addresses.ts';
import { isRelayed, type Relay } from './relay.ts';
import type { Resolver } from './resolver.ts';

/** Ports tried until one is free for every family and protocol. */
const MAX_TRIES = 50;
/** TCP clients at once, per family. */
const MAX_CONNECTIONS = 256;

/** Bursts of questions wait in the kernel; it takes less where it must (net.core.rmem_max). */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;

export interface LoopbackListener {
  readonly port: number;
  close(): Promise<void>;
}

/** Who answers, and whom. */
interface Answerer {
  readonly resolver: Resolver;
  readonly relay: Relay;
  readonly own: OwnAddresses;
}

/** On one address and protocol; port 0 is a free one.  What fails leaves nothing open. */
type Listen = (answerer: Answerer, host: string, port: number) => Promise<LoopbackListener>;

/** Listens on a free port, for one server (`relay`).  On a machine without IPv6 only 127.0.0.1 is served. */
export async function listenOnLoopback(
  resolver: Resolver,
  relay: Relay,
  own = new OwnAddresses(),
): Promise<LoopbackListener> {
  let failure: unknown;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const open: LoopbackListener[] = [];
    const close = async () => {
      await Promise.all(open.map((each) => each.close()));
    };
    const add = async (listen: Listen, host: string, port: number): Promise<number> => {
      const listener = await listen({ resolver, relay, own }, host, port);
      open.push(listener);
      return listener.port;
    };
    try {
      const port = await add(listenTcp, '127.0.0.1', 0);
      await add(listenUdp, '127.0.0.1', port);
      try {
        await add(listenTcp, '::1', port);
        await add(listenUdp, '::1', port);
      } catch (error) {
        if (!isNoIpv6(error)) throw error;
      }
      return { port, close };
    } catch (error) {
      failure = error;
      await close();
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) break;
    }
  }
  throw new MirrordError(
    'host',
    'dns-loopback-port',
    `No loopback port for the DNS resolver: ${failure instanceof Error ? failure.message : String(failure)}`,
    { help: 'Choose another DNS mode: --dns resolved or --dns resolv.conf.', cause: failure },
  );
}

async function listenTcp(answerer: Answerer, host: string, port: number): Promise<LoopbackListener> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    if (!answerer.own.has(socket.remoteAddress ?? '')) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveSocket(answerer, socket);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.listen({ host, port, exclusive: true });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serveSocket({ resolver, relay }: Answerer, socket: Socket): void {
  const stream = new DnsStream(resolver, relay, {
    send: (bytes) => socket.write(bytes),
    end: () => socket.end(),
    reset: () => socket.resetAndDestroy(),
    hold: (held) => void (held ? socket.pause() : socket.resume()),
  });
  socket.setNoDelay(true);
  socket.on('data', (chunk) => stream.data(chunk));
  socket.on('end', () => stream.end());
  socket.on('drain', () => stream.drained());
  socket.on('close', () => stream.closed());
  // `close` follows; a client that went away needs nothing more.
  socket.on('error', () => undefined);
}

async function listenUdp({ resolver, relay, own }: Answerer, host: string, port: number): Promise<LoopbackListener> {
  const socket: UdpSocket = createSocket({
    type: host === '::1' ? 'udp6' : 'udp4',
    recvBufferSize: RECEIVE_BUFFER_BYTES,
  });
  let closed = false;
  const close = async (): Promise<void> => {
    closed = true;
    await new Promise<void>((resolve) => socket.close(resolve));
  };
  const answer = async (question: Uint8Array, from: RemoteInfo) => {
    const reply = await (isRelayed(question) ? relay.datagram(question) : resolver.answer(question, 'udp'));
    // An answer that cannot be sent is lost as a datagram may be; the program asks again.
    if (reply !== null && !closed) socket.send(reply, from.port, from.address, () => undefined);
  };
  socket.on('message', (question, from) => {
    if (own.has(from.address)) void answer(question, from);
  });
  try {
    socket.bind({ address: host, port, exclusive: true });
    await once(socket, 'listening');
  } catch (error) {
    await close();
    throw error;
  }
  socket.on('error', () => undefined);
  return { port, close };
}

function isNoIpv6(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT');
}
