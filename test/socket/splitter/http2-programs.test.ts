import { deepEqual, equal, match } from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort, startNginx, type Nginx } from './support/nginx.ts';
import { http2Echo, type Echo } from './support/http2-echo.ts';
import { listening, splitPort } from './support/ports.ts';

const run = promisify(execFile);
/** Debian's, which has its packages. */
const PYTHON = '/usr/bin/python3';
const GRPC = fileURLToPath(new URL('support/grpc-peers.py', import.meta.url));

interface GrpcServer extends AsyncDisposable {
  readonly port: number;
}

async function grpcServer(name: string): Promise<GrpcServer> {
  const child = spawn(PYTHON, [GRPC, 'server', name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    port: Number(line),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function grpcCalls(port: number, user: string): Promise<readonly string[]> {
  const { stdout } = await run(PYTHON, [GRPC, 'client', String(port), user], { timeout: 25_000 });
  return stdout.trimEnd().split('\n');
}

const calls = (name: string): readonly string[] => [
  `unary ${name} hello ${name}`,
  `large ${3_000_001 + name.length}`,
  'many 200',
  `stream ${name} s 99`,
  `both ${name} a,${name} b,${name} c`,
  `fail FAILED_PRECONDITION no, says ${name}: äß%`,
  'hang DEADLINE_EXCEEDED Deadline Exceeded',
];

describe('HTTP/2 with real programs', () => {
  let nginx: Nginx;
  let developer: Echo;
  let developerPort: number;

  before(async () => {
    nginx = await startNginx('location / { return 200 "nginx $request_method $uri\\n"; }', { listen: 'http2' });
    developer = http2Echo('developer');
    developerPort = await listening(developer.server);
  });

  after(async () => {
    await nginx[Symbol.asyncDispose]();
    developer.kill();
  });

  it('curl and nghttp get their answers from the right side', async () => {
    await using split = await splitPort(nginx.port, developerPort);
    const url = `http://127.0.0.1:${split.port}/x`;
    const curl = async (...args: string[]): Promise<string> =>
      (await run('curl', ['-sSi', '-m', '20', '--http2-prior-knowledge', ...args, url])).stdout;
    match(await curl(), /^HTTP\/2 200 .*nginx GET \/x\n$/s);
    match(await curl('-H', 'X-User: alice'), /^HTTP\/2 200 .*\r\nx-side: developer\r\n/s);
    match(await curl('-H', 'X-User: alice', '--data-binary', '@/bin/bash'), /\r\nx-got: \d{6,}\r\n/);
    equal((await run('nghttp', [url])).stdout, 'nginx GET /x\n');
    match((await run('nghttp', ['-v', '-H', 'x-user: alice', url])).stdout, /x-side: developer/);
  });

  it('h2load gets all its answers, on many connections with many streams', async () => {
    await using split = await splitPort(nginx.port, developerPort);
    for (const headers of [[], ['-H', 'x-user: alice']]) {
      const { stdout } = await run('h2load', [
        '-n',
        '5000',
        '-c',
        '10',
        '-m',
        '20',
        ...headers,
        `http://127.0.0.1:${split.port}/x`,
      ]);
      match(stdout, /5000 total, 5000 started, 5000 done, 5000 succeeded, 0 failed, 0 errored, 0 timeout/);
    }
  });

  it('gRPC calls of every kind go to the right side, with trailers, errors and deadlines', async () => {
    await using original = await grpcServer('original');
    await using picked = await grpcServer('developer');
    await using split = await splitPort(original.port, picked.port);
    const [bob, alice] = await Promise.all([grpcCalls(split.port, 'bob'), grpcCalls(split.port, 'alice')]);
    deepEqual(bob, calls('original'));
    deepEqual(alice, calls('developer'));
  });

  it('gRPC calls are told that the developer’s program is down', async () => {
    await using original = await grpcServer('original');
    await using split = await splitPort(original.port, await freePort());
    await grpcCalls(split.port, 'alice').then(
      () => Promise.reject(new Error('it was answered')),
      ({ stderr }: { stderr: string }) =>
        match(stderr, /StatusCode\.UNAVAILABLE.*\n.*mirrord: this request was taken over/),
    );
  });
});
