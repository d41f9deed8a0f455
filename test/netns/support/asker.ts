/**
 * A program on the developer machine that asks witnesses and the system's resolver, as any program does.
 *
 * One JSON array on standard input per question, one JSON line per answer: `[id, 'tcp'|'udp', HOST, PORT, FROM]` gives a side
 * or an errno, FROM `''` or an address to be bound to; `[id, 'open', HOST, PORT]` keeps the connection, `[id, 'again', OPENED]` asks by it once more;
 * `[id, 'lookup', NAME, FAMILY]` gives addresses, or an error's code; `[id, 'explain', DESTINATION, 0]` what the session
 * says of it, as JSON.
 */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { createInterface } from 'node:readline';
import { askSession } from '../../../src/control/client.ts';
import { sessionHere } from '../../../src/control/session-folder.ts';

/** A packet that went where nobody is has had its time. */
const SILENCE_MS = 2_000;
const EXPLAIN_MS = 10_000;
const opened = new Map<number, Socket>();

async function dial(host: string, port: number, from = ''): Promise<Socket> {
  const socket = connect({ host, port, ...(from === '' ? {} : { localAddress: from }) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(SILENCE_MS) });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function say(socket: Socket): Promise<string> {
  socket.write('?');
  const [word] = (await once(socket, 'data', { signal: AbortSignal.timeout(SILENCE_MS) })) as [Buffer];
  return word.toString();
}

async function askTcp(host: string, port: number, from: string): Promise<string> {
  const socket = await dial(host, port, from);
  try {
    return await say(socket);
  } finally {
    socket.destroy();
  }
}

async function askUdp(host: string, port: number, from: string): Promise<string> {
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    if (from !== '') {
      socket.bind(0, from);
      await once(socket, 'listening');
    }
    socket.connect(port, address);
    await once(socket, 'connect');
    socket.send('?');
    const [word] = (await once(socket, 'message', { signal: AbortSignal.timeout(SILENCE_MS) })) as [Buffer];
    return word.toString();
  } finally {
    socket.close();
  }
}

async function answer(id: number, op: string, host: string, port: number, from: string): Promise<string> {
  if (op === 'tcp') return askTcp(host, port, from);
  if (op === 'udp') return askUdp(host, port, from);
  if (op === 'lookup') {
    const found = await lookup(host, { family: port, all: true });
    return found.map(({ address }) => address).join(' ');
  }
  if (op === 'explain') {
    return JSON.stringify(
      await askSession(sessionHere('default'), 'explain', host, AbortSignal.timeout(EXPLAIN_MS), () => true),
    );
  }
  const socket = op === 'open' ? await dial(host, port) : opened.get(Number(host));
  if (socket === undefined) throw new Error(`nothing was opened as ${host}`);
  opened.set(id, socket);
  return say(socket);
}

function failure(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException;
  return name === 'AbortError' ? 'silence' : (code ?? String(error));
}

for await (const line of createInterface({ input: process.stdin })) {
  const [id, op, host, port, from] = JSON.parse(line) as [number, string, string, number, string];
  void answer(id, op, host, port, from)
    .catch(failure)
    .then((text) => console.log(JSON.stringify([id, text])));
}
process.exit();
