import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { poll } from '../../netns/support/session.ts';
import { kubectl } from '../kube/support/cluster.ts';
import { statuses } from '../support/session.ts';
import { pod, workload } from '../targets/support/objects.ts';
import { addressesOf, podsOf, useTargets, withSession } from '../targets/support/world.ts';

const PORT = 8080;
const NODE = {
  image: 'docker.io/library/node:24-slim',
  ports: [{ containerPort: PORT }, { containerPort: 9, protocol: 'UDP' }],
  securityContext: { runAsUser: 1000, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
};
const web = (name: string): string =>
  `require('node:http').createServer((q, s) => s.end('${name}')).listen(${PORT}, () => console.log('listening'))`;

describe('mirrord up -t deployment/NAME --steal', () => {
  const world = useTargets(() => [
    workload('Deployment', 'payments', {
      container: {
        ...NODE,
        command: ['node', '-e', web('original')],
        readinessProbe: { httpGet: { path: '/', port: PORT }, periodSeconds: 1, failureThreshold: 1 },
      },
    }),
    pod('asker', { container: { image: NODE.image } }),
  ]);
  const programs: ChildProcessWithoutNullStreams[] = [];
  afterEach(() => programs.splice(0).forEach((program) => program.kill('SIGKILL')));

  const addresses = (): string[] => addressesOf(podsOf(world.namespace, 'app=payments')[0]);

  /** What another pod is answered, or why it is not. */
  function ask(address: string, headers: Readonly<Record<string, string>> = {}): string {
    const url = `http://${address.includes(':') ? `[${address}]` : address}:${PORT}/`;
    const script = `fetch('${url}', { headers: ${JSON.stringify(headers)}, signal: AbortSignal.timeout(3000) }).then((r) => r.text(), String).then(console.log)`;
    return kubectl(['exec', '-n', world.namespace, 'asker', '--', 'node', '-e', script]).trim();
  }

  async function listenHere(script: string): Promise<void> {
    const program = world.developer.machine.start(process.execPath, ['-e', script], { as: 'developer' });
    programs.push(program);
    let said = '';
    program.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await poll(() => said.includes('listening'), 'the program listens');
  }

  /** Requests from another pod one after the other, each with the time of its answer, on the machine's one clock. */
  function loadFromOutside(): { said: string } {
    const [address = ''] = addresses();
    const script = `const { get } = require('node:http');
      const next = (text) => { console.log(Date.now(), text); setTimeout(ask, 20); };
      const ask = () => get({ host: '${address}', port: ${PORT}, agent: false }, (r) => {
        let text = ''; r.on('data', (bytes) => (text += bytes)).on('end', () => next(text)).on('error', (e) => next(e.code));
      }).on('error', (e) => next(e.code));
      ask();`;
    const child = spawn('kubectl', ['exec', '-n', world.namespace, 'asker', '--', 'node', '-e', script]);
    programs.push(child);
    const load = { said: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (load.said += text));
    return load;
  }

  async function answers(text: string, deadlineMs = 5_000): Promise<void> {
    let said: string[] = [];
    const all = (): boolean => (said = addresses().map((address) => ask(address))).every((answer) => answer === text);
    await poll(all, `every address answers ${text}`, deadlineMs, () => said.join('; '));
  }

  it('brings the declared port here while a program listens; probes and the rest stay', async () => {
    await withSession(world, ['-t', 'deployment/payments', '--steal'], async (session) => {
      assert.match(session.output, /port 8080 of deployment\/payments comes to localhost:8080/);
      await answers('original');
      await listenHere(
        web('here').replace(
          "s.end('here')",
          "q.headers['user-agent'].startsWith('kube-probe') ? s.writeHead(500).end() : s.end('here')",
        ),
      );
      await answers('here');
      const [before] = await statuses(world.developer);
      const passed = before?.incoming[0]?.passed ?? 0;
      await poll(
        async () => ((await statuses(world.developer))[0]?.incoming[0]?.passed ?? 0) >= passed + 2,
        'probes come',
        10_000,
      );
      const [target] = podsOf(world.namespace, 'app=payments');
      assert.deepEqual(
        target?.status?.containerStatuses?.map(({ ready, restartCount }) => [ready, restartCount]),
        [[true, 0]],
      );
    });
    await answers('original', 1_500);
  });

  it('brings matching requests alone with a filter', async () => {
    await listenHere(web('here'));
    const args = ['-t', 'deployment/payments', '--steal', '--http-header', 'x-user: alice'];
    await withSession(world, args, async (session) => {
      assert.match(
        session.output,
        /requests with a header matching "x-user: alice" come to localhost:8080, all others stay/,
      );
      const alice = { 'X-User': 'Alice' };
      await poll(() => addresses().every((address) => ask(address, alice) === 'here'), "alice's requests come", 5_000);
      await answers('original');
      const [status] = await statuses(world.developer);
      assert.equal(status?.incoming[0]?.taken, addresses().length);
    });
  });

  it('gives the target back within a second when the session is killed', async () => {
    await listenHere(web('here'));
    await withSession(world, ['-t', 'deployment/payments', '--steal'], async () => {
      await answers('here');
      const [status] = await statuses(world.developer);
      assert.ok(status);
      const load = loadFromOutside();
      await poll(
        () => load.said.includes(' here\n'),
        'requests go on',
        10_000,
        () => load.said,
      );
      process.kill(status.pid, 'SIGKILL');
      const killed = Date.now();
      await poll(
        () => load.said.includes(' original\n'),
        'the original serves again',
        10_000,
        () => load.said,
      );
      const [first = ''] = load.said.split('\n').filter((line) => line.endsWith(' original'));
      const ms = Number(first.split(' ')[0]) - killed;
      assert.ok(ms < 1_000, `after ${ms} ms\n${load.said}`);
    });
  });

  it('needs no more than one capability, in a container of its own', async () => {
    await withSession(world, ['-t', 'deployment/payments', '--steal'], async () => {});
    const [target] = podsOf(world.namespace, 'app=payments');
    const added = target?.spec?.ephemeralContainers?.filter(({ securityContext }) => securityContext?.runAsUser === 0);
    assert.ok(added !== undefined && added.length > 0);
    assert.deepEqual(added.at(-1)?.securityContext?.capabilities, { add: ['NET_ADMIN'], drop: ['ALL'] });
    assert.equal(added.at(-1)?.targetContainerName, undefined);
  });
});

describe('mirrord up --steal, where the namespace forbids it', () => {
  const world = useTargets(() => [pod('guarded', { spec: RESTRICTED, container: RESTRICTED_CONTAINER })], {
    'pod-security.kubernetes.io/enforce': 'baseline',
  });

  it('is refused at once, with the label that would allow it', async () => {
    const session = world.developer.up(['-n', world.namespace, '-t', 'pod/guarded', '--steal', '--port', '8080']);
    const { code } = await session.ended;
    assert.equal(code, 5);
    assert.match(
      session.output,
      /Incoming traffic of pod \S+\/guarded cannot be taken: its namespace does not allow NET_ADMIN/,
    );
    assert.match(
      session.output,
      /kubectl label namespace \S+ pod-security.kubernetes.io\/enforce=privileged --overwrite/,
    );
  });

  it('works without --steal', async () => {
    await withSession(world, ['-t', 'pod/guarded'], async () => {});
  });
});

const RESTRICTED = {
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
};
const RESTRICTED_CONTAINER = { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } };
