import assert from 'node:assert/strict';
import { kubectl, kubectlJson } from '../kube/support/cluster.ts';
import { cluster } from '../support/developer.ts';
import { workloads } from '../support/workloads.ts';
import type { Workloads } from '../support/workloads.ts';
import { poll } from '../../netns/support/session.ts';
import { Traffic } from '../../netns/support/witnessed.ts';
import { asRoot, closePatient, openPatient, record, statusOf } from './support/faults.ts';
import type { Patient } from './support/faults.ts';

/** From the agent's end to the next one in use; a pod has to be started meanwhile. */
const REPLACED_MS = 20_000;

describe('a session on Kubernetes whose agent ends', function () {
  this.timeout(90_000);
  let objects: Workloads;
  let patient: Patient | undefined;
  before(async () => {
    objects = await workloads();
    patient = await openPatient(objects.home, objects.pods.web.v4);
  });
  after(() => closePatient(patient));

  const ENDS: Readonly<Record<string, (pod: string, job: string, namespace: string) => void>> = {
    'its container is killed': (pod, _job, namespace) => killContainer(namespace, pod),
    'its pod is deleted': (pod, _job, namespace) => void kubectl(['delete', pod, '-n', namespace, '--wait=false']),
    'its Job is deleted': (_pod, job, namespace) => void kubectl(['delete', job, '-n', namespace, '--wait=false']),
  };

  for (const [name, end] of Object.entries(ENDS)) {
    it(`has another one soon: ${name}`, async () => {
      assert.ok(patient);
      const at = patient;
      const { agent } = await statusOf(at);
      const job = agent?.name ?? '';
      const selector = `job-name=${job.replace('job/', '')}`;
      const pod = kubectl(['get', 'pods', '-n', objects.home, '-l', selector, '-o', 'name']).trim();
      const network = await asRoot(at, 'ip', ['route', 'show', 'table', 'all']);
      const traffic = await Traffic.start(at.developer.machine, at.address, 7, 2, 100_000);
      const start = performance.now();
      end(pod, job, objects.home);
      await poll(
        async () => {
          const now = await statusOf(at);
          return now.state === 'ready' && now.agent !== null && now.agent.name !== job;
        },
        'another agent',
        REPLACED_MS,
        () => at.session.output,
      );
      const ms = Math.round(performance.now() - start);
      const web = await at.developer.run('curl', ['-sS', '-m', '5', `http://${objects.pods.web.v4}:8080/`]);
      assert.equal(web.code, 0, web.stderr);
      const report = await traffic.stop();
      // Its flows went with it, and their programs were told.
      assert.equal(report.right, 0);
      for (const wrong of report.wrong) assert.match(wrong, /ECONNRESET/);
      assert.equal(await asRoot(at, 'ip', ['route', 'show', 'table', 'all']), network);
      record({ name: `agent replaced: ${name}`, ms, right: 0, wrong: [], bytes: 0, opened: [] });
    });
  }
});

interface Pod {
  readonly status: { readonly containerStatuses: readonly { readonly containerID: string }[] };
}

function killContainer(namespace: string, pod: string): void {
  const { status } = kubectlJson(['get', pod, '-n', namespace]) as Pod;
  const id = status.containerStatuses[0]?.containerID.replace('containerd://', '') ?? '';
  const ctr = ['ctr', '-a', '/run/mirrord-cluster/containerd.sock', '-n', 'k8s.io', 'tasks', 'kill', '-s', 'KILL', id];
  cluster(['exec', ...ctr]);
}
