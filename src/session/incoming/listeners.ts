/** Which TCP ports of this machine are listened on, asked of the kernel again and again: it does not report changes. */
import { closeSync } from 'node:fs';
import { formatAddress } from '../../net/index.ts';
import { TCP_STATES, type TcpSocket, tcpSockets } from '../../netlink/sock-diag.ts';
import { NETLINK, NetlinkSocket } from '../../netlink/socket.ts';
import { loadAddon } from '../../native/addon.ts';

/** A question takes 0.05 ms, also beside 10,000 connections; a program that starts waits no longer than this, ms. */
const PERIOD_MS = 250;

export interface Listener {
  /** To be dialled: a wildcard's is loopback, of its family. */
  readonly host: string;
  readonly isLoopback: boolean;
  /** Of the socket's file, as /proc/PID/fd has it. */
  readonly inode: number;
}

export type Listeners = ReadonlyMap<number, Listener>;

export interface ListenerSource {
  /** By port. */
  read(): Listeners;
  close(): void;
}

/** Throws where the kernel has no NETLINK_SOCK_DIAG (CONFIG_INET_DIAG). */
export function openListeners(): ListenerSource {
  const fd = loadAddon().openNetlink(NETLINK.sockDiag);
  const socket = new NetlinkSocket(fd);
  return {
    read: () => byPort(tcpSockets(socket, TCP_STATES.listen)),
    close: () => closeSync(fd),
  };
}

/** Calls `changed` with what is there now, and whenever it is another; until the signal aborts. */
export function watchListeners(
  source: ListenerSource,
  changed: (listeners: Listeners) => void,
  signal: AbortSignal,
): void {
  let known: string | undefined;
  const look = (): void => {
    const listeners = source.read();
    const text = JSON.stringify([...listeners]);
    if (text === known) return;
    known = text;
    changed(listeners);
  };
  look();
  const timer = setInterval(look, PERIOD_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

/** Of several on one port the one that `localhost` leads to. */
export function byPort(sockets: readonly TcpSocket[]): Listeners {
  const listeners = new Map<number, Listener>();
  for (const { address, port, inode } of sockets) {
    const listener = { ...placeOf(address), inode };
    const known = listeners.get(port);
    if (known === undefined || rank(listener) < rank(known)) listeners.set(port, listener);
  }
  return listeners;
}

function placeOf(address: Buffer): Omit<Listener, 'inode'> {
  const text = formatAddress(address);
  if (address.every((byte) => byte === 0))
    return { host: address.length === 4 ? '127.0.0.1' : '::1', isLoopback: false };
  return { host: text, isLoopback: text === '::1' || text.startsWith('127.') };
}

/** As most programs try the addresses of `localhost`. */
const PREFERRED = ['127.0.0.1', '::1'];

function rank({ host }: Listener): number {
  const place = PREFERRED.indexOf(host);
  return place < 0 ? PREFERRED.length : place;
}
