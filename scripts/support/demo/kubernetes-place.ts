/** A real cluster (scripts/cluster), with a namespace of the demo's own. */
import { readFileSync } from 'node:fs';
import { Developer, cluster } from '../../../test/cluster/support/developer.ts';
import { must } from '../../sandbox/command.ts';
import { Session } from '../../sandbox/session.ts';
import type { Place } from './place.ts';
import { defined } from '../../../src/defined.ts';

const NAMESPACE = 'mirrord-demo';
const KUBECONFIG = '/run/home/.kube/config';
/** Its scheduler, kubelet and the two pods. */
const PODS_READY = '60s';

const WEB = `require('http').createServer((q, r) => r.end('payment-service at ' + require('os').hostname() + '\\n')).listen(8080, '::')`;
const DATABASE = `require('net').createServer((s) => s.end('+READY from a pod\\r\\n')).listen(5432, '::')`;

export async function openKubernetesPlace(): Promise<Place> {
  const developer = await Developer.open();
  try {
    developer.write(KUBECONFIG, readFileSync(cluster(['kubeconfig']).trim(), 'utf8'));
    await kubectl(['apply', '-f', '-'], JSON.stringify(objects()));
    await kubectl([
      'wait',
      '-n',
      NAMESPACE,
      '--for=condition=Available',
      'deployment',
      '--all',
      `--timeout=${PODS_READY}`,
    ]);
    const address = await kubectl([
      'get',
      '-n',
      NAMESPACE,
      'service',
      'payment-service',
      '-o',
      'jsonpath={.spec.clusterIP}',
    ]);
    const args = ['-n', NAMESPACE];
    // The developer's own kubeconfig, not the one that this script goes by.
    const clean = ['-u', 'KUBECONFIG', '-u', 'KUBECONFIG_TEST'];
    return {
      introduction: 'A real Kubernetes, and a developer machine that reaches nothing of it but the API server.',
      developer: developer.machine,
      mirrord: developer.mirrord,
      up: (onOutput) =>
        new Session(
          developer.machine.start('env', [...clean, developer.mirrord, 'up', ...args], { as: 'sudo' }),
          onOutput,
        ),
      upArguments: args.join(' '),
      greeting: 'db.mirrord-demo 5432',
      address,
      close: () => close(developer),
    };
  } catch (error) {
    await close(developer);
    throw error;
  }
}

async function close(developer: Developer): Promise<void> {
  await kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found']);
  await developer.close();
}

function kubectl(args: readonly string[], input?: string): Promise<string> {
  const script = new URL('../../cluster', import.meta.url).pathname;
  return must(script, ['kubectl', ...args], { timeoutMs: 90_000, ...defined({ input }) });
}

function objects(): object {
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    ...workload('payment-service', 8080, WEB),
    ...workload('db', 5432, DATABASE),
  ];
  return { apiVersion: 'v1', kind: 'List', items };
}

function workload(name: string, port: number, program: string): object[] {
  const metadata = { name, namespace: NAMESPACE };
  const labels = { app: name };
  const container = { name: 'main', image: 'docker.io/library/node:24-slim', command: ['node', '-e', program] };
  const pod = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } };
  return [
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { selector: { matchLabels: labels }, template: pod } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ port }], ipFamilyPolicy: 'PreferDualStack' },
    },
  ];
}
