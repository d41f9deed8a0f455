/** From the configuration to a pod, and to a running session's agent. */
import { type Check, ok, skipped, warning } from './check.ts';
import { RIGHT_CHECKS } from './rights.ts';

/** Anything above is felt in every request that an application makes. */
const SLOW_MS = 300;

const configuration: Check = {
  id: 'configuration',
  title: 'configuration',
  needs: [],
  async run(context) {
    const { file, notices, warnings } = await context.configuration.load();
    const what = [file ?? 'no file, all defaults', ...notices].join('; ');
    return warnings.length === 0 ? ok(what) : warning(`${what}: ${warnings.join('; ')}`, '');
  },
};

const kubeconfig: Check = {
  id: 'kubeconfig',
  title: 'kubeconfig',
  needs: ['configuration'],
  async run({ cluster }) {
    const { context, namespace } = await cluster.context();
    return ok(`context ${context}, namespace ${namespace}`);
  },
};

const apiServer: Check = {
  id: 'api-server',
  title: 'API server',
  needs: ['kubeconfig'],
  async run({ cluster }, signal) {
    const { server, version, warnings } = await cluster.open(signal);
    const detail = `${server}, ${version}`;
    return warnings.length === 0 ? ok(detail) : warning(`${detail}; ${warnings.join('; ')}`, '');
  },
};

const image: Check = {
  id: 'agent-image',
  title: 'agent image',
  needs: ['configuration'],
  async run(context) {
    const { image: name } = await context.configuration.load();
    // A colon in front of a slash is a registry's port.
    const isPinned = name.includes('@') || /:[^/]+$/.test(name);
    if (isPinned) return ok(name);
    return warning(
      `${name} has no tag, so it can change`,
      'Set agent.image to an image with a tag and Node 24 or newer.',
    );
  },
};

const portForward: Check = {
  id: 'port-forward',
  title: 'port-forward',
  needs: ['right-list-pods', 'right-get-pods-portforward'],
  async run({ cluster }, signal) {
    const pod = await cluster.tryPortForward(signal);
    return pod === null ? skipped('the namespace has no running pod to try it with') : ok(`works to pod ${pod}`);
  },
};

const roundTrip: Check = {
  id: 'round-trip',
  title: 'round trip',
  needs: [],
  async run({ session }, signal) {
    const time = await session.roundTrip(signal);
    if (time === null) return skipped(`session '${session.name}' is not up`);
    const detail = `${time.toFixed(1)} ms to the agent of session '${session.name}' and back`;
    return time < SLOW_MS ? ok(detail) : warning(detail, 'For the distribution: mirrord diagnose latency');
  },
};

export const CLUSTER_CHECKS: readonly Check[] = [
  configuration,
  kubeconfig,
  apiServer,
  ...RIGHT_CHECKS,
  image,
  portForward,
  roundTrip,
];
