/** A target with clients beside it, and a session that may take its incoming traffic. */
import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Machine } from '../../../scripts/sandbox/machine.ts';
import type { Sandbox } from '../../../scripts/sandbox/index.ts';
import { createSandbox } from '../../../scripts/sandbox/index.ts';
import { type Session, up } from '../../../scripts/sandbox/session.ts';
import { type Neighbour, createNeighbour } from './neighbour.ts';
import { poll } from './session.ts';

/** A port that the sandbox's own services leave free. */
export const PORT = 8090;

export interface IncomingWorld {
  sandbox: Sandbox;
  neighbour: Neighbour;
  /** Programs and sessions that end with the test. */
  readonly running: { kill(signal?: NodeJS.Signals): unknown }[];
  /** Resolves once it listens. */
  serve(machine: Machine, script: string, port?: number): Promise<ChildProcessWithoutNullStreams>;
  steal(...args: string[]): Promise<Session>;
}

/** Answers with the name and the client's address, and each request alike. */
export const web = (name: string, port = PORT, host = '::'): string =>
  `require('node:http').createServer((q, s) => s.end('${name} ' + q.socket.remoteAddress)).listen(${port}, '${host}')`;

export function useTarget(): IncomingWorld {
  const running: IncomingWorld['running'] = [];
  const world = { running } as IncomingWorld;
  before(async () => {
    world.sandbox = await createSandbox();
    world.neighbour = await createNeighbour(world.sandbox.target);
  });
  afterEach(async () => {
    for (const each of running.splice(0)) each.kill('SIGKILL');
    await poll(async () => (await tables(world)).length === 0, 'no table of ours is left in the target');
  });
  after(async () => {
    await world.neighbour?.close();
    await world.sandbox?.close();
  });
  world.serve = async (machine, script, port = PORT) => {
    const as = machine === world.sandbox.developer ? 'developer' : 'root';
    const program = machine.start(process.execPath, ['-e', script], { as });
    running.push(program);
    let errors = '';
    program.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const listens = async (): Promise<boolean> => (await machine.run('ss', ['-Hltn', `sport = ${port}`])).stdout !== '';
    await poll(listens, 'the program listens', 5_000, () => errors);
    return program;
  };
  world.steal = async (...args) => {
    const ports = args.includes('--port') ? [] : ['--port', String(PORT)];
    const session = up(world.sandbox, { args: ['--steal', ...ports, ...args] });
    running.push({ kill: () => session.child.kill('SIGKILL') });
    return session.ready();
  };
  return world;
}

export async function tables({ sandbox }: IncomingWorld): Promise<readonly string[]> {
  const { stdout } = await sandbox.cluster.run('nft', ['list', 'tables']);
  return stdout.split('\n').filter((line) => line.includes('mirrord'));
}

/** What a fresh connection is told. */
export async function ask(machine: Machine, host: string, headers: readonly string[] = []): Promise<string> {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${PORT}/`;
  const args = ['-sS', '--max-time', '5', ...headers.flatMap((header) => ['-H', header]), url];
  const { code, stdout, stderr } = await machine.run('curl', args);
  return code === 0 ? stdout : stderr.trim();
}

/** Until fresh connections are answered by that program. */
export async function answersAs(machine: Machine, host: string, name: string, deadlineMs?: number): Promise<void> {
  let said = '';
  const isAnswered = async (): Promise<boolean> => (said = await ask(machine, host)).startsWith(`${name} `);
  await poll(isAnswered, `${name} answers`, deadlineMs, () => said);
}

/** Runs a client to its end. */
export async function talk(machine: Machine, script: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await machine.run(process.execPath, ['-e', script, ...args]);
  assert.equal(code, 0, stderr);
  return stdout;
}
