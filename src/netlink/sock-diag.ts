/** TCP sockets of this network namespace: asked for, and ended (linux/inet_diag.h, linux/sock_diag.h; sock_diag(7)). */
import { encodeMessage, FLAG, findAttribute, type Message } from './message.ts';
import type { NetlinkSocket } from './socket.ts';

const SOCK_DIAG_BY_FAMILY = 20;
const SOCK_DESTROY = 21;
const IPPROTO_TCP = 6;
const FAMILIES = { IPv4: 2, IPv6: 10 } as const;

/** Of net/tcp_states.h, as bits of `idiag_states`. */
export const TCP_STATES = { established: 1 << 1, closeWait: 1 << 8, listen: 1 << 10 } as const;

/** struct inet_diag_req_v2 and inet_diag_msg: both end or begin with struct inet_diag_sockid, which names the socket. */
const REQUEST_LENGTH = 56;
const ID_LENGTH = 48;
const REQUEST_ID = 8;
const ANSWER_ID = 4;
const ANSWER_LENGTH = 72;
const COOKIE_OFFSET = 40;
const ANY_STATE = 0xffff_ffff;
/** Attribute of the answer with struct tcp_info, and the bit that asks for it. */
const INET_DIAG_INFO = 2;
const LAST_DATA_SENT = 44;
const LAST_DATA_RECEIVED = 52;

export interface TcpSocket {
  readonly family: keyof typeof FAMILIES;
  /** As bytes: 4 or 16. */
  readonly address: Buffer;
  readonly port: number;
  /** Number of the socket's file, as /proc/PID/fd shows it. */
  readonly inode: number;
  /** Bytes that wait in it, in either direction (for a listening one: connections). */
  readonly queued: number;
  /** Since bytes last went either way, ms; 0 where that was not asked. */
  readonly idleMs: number;
  /** Names the socket to the kernel, for as long as it lives. */
  readonly id: Buffer;
}

/** `states`: bits of TCP_STATES; `withTimes`: fill in `idleMs`. */
export function tcpSockets(socket: NetlinkSocket, states: number, withTimes = false): readonly TcpSocket[] {
  const found: TcpSocket[] = [];
  for (const family of ['IPv4', 'IPv6'] as const) {
    const request = Buffer.alloc(REQUEST_LENGTH);
    request[0] = FAMILIES[family];
    request[1] = IPPROTO_TCP;
    request[2] = withTimes ? 1 << (INET_DIAG_INFO - 1) : 0;
    request.writeUInt32LE(states, 4);
    for (const answer of socket.ask(encodeMessage(SOCK_DIAG_BY_FAMILY, FLAG.request | FLAG.dump, 1, request))) {
      const decoded = decodeSocket(family, answer);
      if (decoded !== null) found.push(decoded);
    }
  }
  return found;
}

/** Its peer gets a reset, its program ECONNABORTED.  Throws ENOENT when it has ended, EOPNOTSUPP without CONFIG_INET_DIAG_DESTROY. */
export function destroyTcpSocket(socket: NetlinkSocket, { family, id }: TcpSocket): void {
  const request = Buffer.alloc(REQUEST_LENGTH);
  request[0] = FAMILIES[family];
  request[1] = IPPROTO_TCP;
  request.writeUInt32LE(ANY_STATE, 4);
  id.copy(request, REQUEST_ID);
  socket.request(encodeMessage(SOCK_DESTROY, FLAG.request | FLAG.ack, 1, request));
}

function decodeSocket(family: TcpSocket['family'], { type, body }: Message): TcpSocket | null {
  if (type !== SOCK_DIAG_BY_FAMILY || body.length < ANSWER_LENGTH) return null;
  const info = findAttribute(body.subarray(ANSWER_LENGTH), INET_DIAG_INFO);
  const id = Buffer.from(body.subarray(ANSWER_ID, ANSWER_ID + ID_LENGTH));
  return {
    family,
    address: id.subarray(4, family === 'IPv4' ? 8 : 20),
    port: id.readUInt16BE(0),
    inode: body.readUInt32LE(ANSWER_LENGTH - 4),
    queued: body.readUInt32LE(56) + body.readUInt32LE(60),
    idleMs:
      info === undefined || info.length < LAST_DATA_RECEIVED + 4
        ? 0
        : Math.min(info.readUInt32LE(LAST_DATA_SENT), info.readUInt32LE(LAST_DATA_RECEIVED)),
    id,
  };
}

/** The same socket, asked for twice. */
export const cookieOf = ({ id }: TcpSocket): string => id.toString('latin1', COOKIE_OFFSET);
