/**
 * Relays one DNS message, whatever is in it, to the pod's name servers: in order, by UDP, by TCP when the answer is
 * truncated.  The next is asked when one has failed or is slow; the first good answer of any counts.  Each try has a socket (hence a port) and a random id of its own; an answer counts only when it comes from
 * the server asked and repeats the id and the question (RFC 5452, section 9).
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { DNS_LIMIT_MS } from './limits.ts';
import type { NameServer, NameServers } from './name-servers.ts';

const HEADER_LENGTH = 12;
/** Last byte of the question's type and class behind its name. */
const QUESTION_TAIL = 4;
const TRUNCATED = 0x02;
const RESPONSE = 0x80;
const RCODE = 0x0f;
const SERVFAIL = 2;
const NOTIMP = 4;
const REFUSED = 5;
const LABEL_LIMIT = 63;
/** Longest question that may go by UDP (RFC 9715's advice for not being fragmented). */
const UDP_QUESTION_LIMIT = 1_232;

/** Rejects after `ms`, and when `signal` aborts. */
type Transport = (server: NameServer, query: Buffer, ms: number, signal: AbortSignal) => Promise<Buffer>;

/** What has come of the tries so far, short of a good answer. */
interface Outcome {
  /** Servers that were asked and are still waited for: a slow one may answer while the next is asked. */
  readonly underWay: Set<Promise<Buffer | null>>;
  poor: Buffer | null;
  failure: unknown;
}

/** Rejects when no server gave an answer in time. */
export async function relayDns(
  message: Uint8Array,
  { servers, attempts }: NameServers,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const query = Buffer.from(message);
  if (query.length < HEADER_LENGTH) throw new Error('shorter than a DNS header');
  const end = performance.now() + DNS_LIMIT_MS;
  const share = Math.floor(DNS_LIMIT_MS / (servers.length * attempts));
  const outcome: Outcome = { underWay: new Set(), poor: null, failure: new Error('no name server') };
  for (let round = 0; round < attempts; round++) {
    for (const server of servers) {
      if (signal.aborted || performance.now() >= end) break;
      begin(ask(server, query, end, signal), outcome);
      const answer = await firstWithin(share, outcome.underWay);
      if (answer !== null) return answer;
    }
    // A server that answers at all will not think better of it in the next round.
    if (outcome.poor !== null) return outcome.poor;
  }
  while (outcome.underWay.size > 0) {
    const answer = await Promise.race(outcome.underWay);
    if (answer !== null) return answer;
  }
  const { poor, failure } = outcome;
  if (poor !== null) return poor;
  if (failure instanceof Error && 'code' in failure && typeof failure.code === 'string') throw failure;
  throw noAnswer();
}

function begin(asked: Promise<Buffer>, outcome: Outcome): void {
  const one: Promise<Buffer | null> = asked.then(
    (answer) => {
      outcome.underWay.delete(one);
      if (!isPoor(answer)) return answer;
      outcome.poor = answer;
      return null;
    },
    (error: unknown) => {
      outcome.underWay.delete(one);
      outcome.failure = error;
      return null;
    },
  );
  outcome.underWay.add(one);
}

/** What the first to end has come to; null after `ms`, too. */
function firstWithin(ms: number, tries: Iterable<Promise<Buffer | null>>): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, null);
    for (const one of tries) {
      void one.then((answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    }
  });
}

function noAnswer(): Error {
  return Object.assign(new Error('no name server answered'), { code: 'ETIMEDOUT' });
}

/** `end`: when all is over, on the clock of `performance.now`. */
async function ask(server: NameServer, query: Buffer, end: number, signal: AbortSignal): Promise<Buffer> {
  const left = (): number => end - performance.now();
  if (query.length > UDP_QUESTION_LIMIT) return exchange(overTcp, server, query, left(), signal);
  const answer = await exchange(overUdp, server, query, left(), signal);
  if (((answer[2] ?? 0) & TRUNCATED) === 0) return answer;
  try {
    return await exchange(overTcp, server, query, left(), signal);
  } catch {
    // A truncated answer is still an answer; the program may ask by TCP itself.
    return answer;
  }
}

async function exchange(
  transport: Transport,
  server: NameServer,
  query: Buffer,
  ms: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const asked = Buffer.from(query);
  asked.writeUInt16BE(randomInt(0x1_0000));
  const answer = await transport(server, asked, ms, signal);
  query.copy(answer, 0, 0, 2);
  return answer;
}

function isPoor(answer: Buffer): boolean {
  const rcode = (answer[3] ?? 0) & RCODE;
  return rcode === SERVFAIL || rcode === NOTIMP || rcode === REFUSED;
}

/** Names are compared without case: a server may normalise it. */
export function answers(reply: Buffer, query: Buffer): boolean {
  if (reply.length < HEADER_LENGTH || ((reply[2] ?? 0) & RESPONSE) === 0) return false;
  if (reply.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  const end = questionEnd(query);
  // Servers that could not read the question may leave it out (FORMERR, RFC 1035 section 4.1.1).
  if (end === null || reply.readUInt16BE(4) === 0) return true;
  const text = (bytes: Buffer): string => bytes.toString('latin1', HEADER_LENGTH, end).toLowerCase();
  return text(reply) === text(query);
}

/** Where the first question ends; null when there is none that can be read. */
function questionEnd(query: Buffer): number | null {
  if (query.readUInt16BE(4) === 0) return null;
  let at = HEADER_LENGTH;
  for (;;) {
    const length = query[at];
    if (length === undefined || length > LABEL_LIMIT) return null;
    at += length + 1;
    if (length === 0) return at + QUESTION_TAIL <= query.length ? at + QUESTION_TAIL : null;
  }
}

/** Addresses only come from resolv.conf: nothing is to be looked up, nor waited for. */
const asGiven = (address: string, _options: unknown, found: (error: null, address: string, family: number) => void) =>
  found(null, address, isIPv6(address) ? 6 : 4);

/** Calls `over` when the time is over, or when the answer is no longer wanted; `settle` ends the wait. */
function waitFor(ms: number, signal: AbortSignal, over: (why: unknown) => void): { settle(): void } {
  // One timer, and no signal of its own for each question: those cost more than the question itself.
  const timer = setTimeout(() => over(noAnswer()), Math.max(1, ms));
  const aborted = (): void => over(signal.reason);
  signal.addEventListener('abort', aborted);
  return {
    settle() {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
    },
  };
}

function overUdp(server: NameServer, query: Buffer, ms: number, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: isIPv6(server.address) ? 'udp6' : 'udp4', lookup: asGiven });
    const close = (): void => {
      wait.settle();
      socket.removeAllListeners();
      // Errors of a socket that is no longer asked.
      socket.on('error', () => {});
      socket.close();
    };
    const fail = (error: unknown): void => {
      close();
      reject(error);
    };
    const wait = waitFor(ms, signal, fail);
    socket.on('error', fail);
    socket.on('message', (reply) => {
      if (!answers(reply, query)) return;
      close();
      resolve(reply);
    });
    socket.on('connect', () => socket.send(query));
    socket.connect(server.port, server.address);
  });
}

function overTcp(server: NameServer, query: Buffer, ms: number, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.address, port: server.port, noDelay: true });
    const wait = waitFor(ms, signal, (why) => {
      reject(why);
      socket.destroy();
    });
    let received = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('close', () => {
      wait.settle();
      reject(new Error('the name server closed the connection'));
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const end = received.length < 2 ? Number.POSITIVE_INFINITY : 2 + received.readUInt16BE(0);
      if (received.length < end) return;
      const reply = received.subarray(2, end);
      if (answers(reply, query)) resolve(reply);
      socket.destroy();
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
}
