import { strict as assert } from 'node:assert';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const machine = new URL('../support/dns-machine.ts', import.meta.url).pathname;

/** Prints what getaddrinfo and c-ares say, sorted. */
const NODE = `
const dns = require('node:dns');
const name = process.argv[1];
const found = (of) => of.then((a) => a.map((e) => e.address ?? e).sort(), (e) => e.code);
Promise.all([found(dns.promises.lookup(name, { all: true })), found(dns.promises.resolve4(name)), found(dns.promises.resolve6(name))])
  .then((all) => console.log(JSON.stringify(all)));`;
const PYTHON = `
import socket, sys
try: print(sorted({a[4][0] for a in socket.getaddrinfo(sys.argv[1], 80)}))
except socket.gaierror as e: print(e.errno == socket.EAI_NONAME)`;

describe('programs on a machine whose port 53 is redirected to the resolver', function () {
  this.timeout(20_000);
  let child: ChildProcess;
  let folder: string;
  let pid = '';
  let lines: string[] = [];

  const inside = async (command: string, ...args: string[]): Promise<string> => {
    try {
      return (await run('nsenter', ['-t', pid, '-n', '-m', command, ...args], { timeout: 15_000 })).stdout.trim();
    } catch (error) {
      // getent says "not found" by its exit code.
      if (error instanceof Error && 'code' in error && error.code === 2) return 'not found';
      throw error;
    }
  };
  const witness = (who: string) => lines.filter((line) => line.startsWith(who)).map((line) => line.split(' ')[1]);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dns-programs-'));
    writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.53\nsearch corp.example\n');
    writeFileSync(join(folder, 'hosts'), '127.0.0.1 localhost\n127.0.0.1 example-hostname.svc\n');
    const script = [
      'ip link set lo up',
      // Addresses beside loopback's, without which getaddrinfo asks nothing (AI_ADDRCONFIG).
      'ip address add 198.18.0.1/32 dev lo && ip address add fd99::1/128 dev lo nodad',
      `mount --bind ${folder}/resolv.conf /etc/resolv.conf`,
      `mount --bind ${folder}/hosts /etc/hosts`,
      `exec ${process.execPath} ${machine}`,
    ].join(' && ');
    child = spawn('unshare', ['--net', '--mount', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    assert.ok(child.stdout);
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => lines.push(line));
    const [ready] = (await once(reader, 'line', { signal: AbortSignal.timeout(10_000) })) as [string];
    assert.match(ready, /^ready \d+$/);
    pid = ready.split(' ')[1] ?? '';
  });
  after(async () => {
    child.stdin?.end();
    if (child.exitCode === null) await once(child, 'exit', { signal: AbortSignal.timeout(5_000) });
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => (lines = []));

  it('getent (glibc)', async () => {
    assert.match(await inside('getent', 'ahostsv4', 'db'), /^10\.96\.0\.1 +STREAM db/);
    assert.match(await inside('getent', 'ahostsv6', 'db'), /^fd00:10:96::1/);
    assert.match(await inside('getent', 'ahosts', 'web.prod'), /^10\.96\.0\.2/);
    assert.match(await inside('getent', 'ahosts', 'web.prod.svc'), /^10\.96\.0\.2/);
    assert.match(await inside('getent', 'ahosts', 'web.prod.svc.cluster.local'), /^10\.96\.0\.2/);
    assert.match(await inside('getent', 'hosts', '10.96.0.1'), /^10\.96\.0\.1 +db\.default\.svc\.cluster\.local$/);
    assert.equal(
      (await inside('getent', 'ahostsv4', 'all')).split('\n').filter((line) => line.includes('STREAM')).length,
      100,
    );
    assert.match(await inside('getent', 'ahosts', 'printer'), /^192\.168\.1\.9/);
    assert.equal(await inside('getent', 'ahosts', 'nowhere.svc'), 'not found');
  });

  it('Node: getaddrinfo and c-ares', async () => {
    const node = async (name: string) => JSON.parse(await inside(process.execPath, '-e', NODE, name)) as unknown;
    assert.deepEqual(await node('db'), [['10.96.0.1', 'fd00:10:96::1'], ['10.96.0.1'], ['fd00:10:96::1']]);
    assert.deepEqual(await node('web.prod'), [['10.96.0.2'], ['10.96.0.2'], 'ENODATA']);
    assert.deepEqual(await node('nowhere.svc'), ['ENOTFOUND', 'ENOTFOUND', 'ENOTFOUND']);
    assert.deepEqual(await node('www.example.com'), [['192.0.2.1', '2001:db8::1'], ['192.0.2.1'], ['2001:db8::1']]);
  });

  it('Python', async () => {
    assert.equal(await inside('python3', '-c', PYTHON, 'db'), "['10.96.0.1', 'fd00:10:96::1']");
    assert.equal(await inside('python3', '-c', PYTHON, 'web.prod'), "['10.96.0.2']");
    assert.equal(await inside('python3', '-c', PYTHON, 'nowhere.prod.svc'), 'True');
  });

  it('dig, by UDP and TCP, whatever server it is told to ask', async () => {
    for (const server of ['127.0.0.53', '127.0.0.1', '::1', '127.9.9.9']) {
      for (const transport of ['+notcp', '+tcp']) {
        assert.equal(await inside('dig', '+tries=1', `@${server}`, transport, '+short', 'db'), '10.96.0.1');
        assert.equal(
          await inside('dig', '+tries=1', `@${server}`, transport, '+short', 'www.example.com'),
          '192.0.2.1',
        );
      }
    }
  });

  it('a local name: the hosts file answers, also to a program that does not read it', async () => {
    assert.match(await inside('getent', 'ahosts', 'example-hostname.svc'), /^127\.0\.0\.1/);
    assert.equal(await inside('dig', '+short', 'example-hostname.svc'), '127.0.0.1');
    assert.deepEqual([witness('cluster'), witness('machine')], [[], []]);
  });

  it("public names reach the machine's server only, cluster names the cluster only", async () => {
    await inside('getent', 'ahosts', 'www.example.com');
    await inside('getent', 'ahosts', 'www.nowhere.example');
    assert.deepEqual(witness('cluster'), []);
    assert.ok(witness('machine').includes('www.example.com'));
    lines = [];
    await inside('getent', 'ahosts', 'web.prod.svc');
    await inside('getent', 'ahosts', 'db.default.svc.cluster.local');
    await inside('getent', 'ahosts', 'nowhere.default.svc.cluster.local');
    // glibc asks its own search suffix last; that name is the machine's.
    assert.deepEqual(
      witness('machine').filter((name) => !name?.endsWith('.corp.example')),
      [],
    );
  });
});
