/** UDP ends in a sandbox, as programs of their own. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { Sandbox } from './sandbox.ts';

const SERVER = `
  const [address, port, name] = process.argv.slice(1);
  const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (data, from) => socket.send(name + ' ' + data, from.port, from.address));
  socket.bind(Number(port), address, () => console.log('listening'));
`;

/** Not connected, so that the answer's path is checked by the kernel and not by the socket. */
const CLIENT = `
  const [address, port, text, source] = process.argv.slice(1);
  const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const send = () => socket.send(text, Number(port), address, (error) => { if (error) fail(error.code); });
  const fail = (why) => { console.log(why); process.exit(0); };
  socket.on('message', (data) => fail(String(data)));
  socket.bind(0, source || undefined, send);
  setTimeout(() => fail('silence'), 1000);
`;

/** Answers every datagram with \`NAME TEXT\`; lives in the network namespace \`far\`. */
export async function serveFar(
  sandbox: Sandbox,
  address: string,
  port: number,
  name: string,
): Promise<ChildProcessWithoutNullStreams> {
  const args = ['netns', 'exec', 'far', process.execPath, '-e', SERVER, address, String(port), name];
  const child = sandbox.spawn('ip', args);
  await once(child.stdout, 'data');
  return child;
}

/** The answer to one datagram, an errno's name, or `silence`. */
export async function askUdp(
  sandbox: Sandbox,
  address: string,
  port: number,
  text = 'hello',
  source = '',
): Promise<string> {
  const { stdout, stderr } = await sandbox.run(process.execPath, '-e', CLIENT, address, String(port), text, source);
  return (stdout || stderr).trim();
}
