import { MirrordError } from '../errors.ts';
import { startEphemeralAgent } from './agent/ephemeral.ts';
import { startJobAgent } from './agent/job.ts';
import { removeLeftovers } from './agent/leftovers.ts';
import type { Cluster, ClusterOptions } from './cluster.ts';
import { openCredentials } from './credentials/credentials.ts';
import { authorityOf } from './credentials/named-file.ts';
import { Discoverer } from './discovery/discoverer.ts';
import { exampleService } from './discovery/example-service.ts';
import { contradictory } from './kubeconfig/file.ts';
import { loadContext, type ChosenContext } from './kubeconfig/load.ts';
import { nearest } from './nearest.ts';
import { Preflight } from './preflight.ts';
import { endpointOf, proxyOf } from './server/address.ts';
import { ApiError, explainAnswer, isStatus } from './server/api-error.ts';
import { Api } from './server/api.ts';
import { Server } from './server/server.ts';
import { listTargets } from './targets/list.ts';
import { targetObjects } from './targets/objects.ts';
import { resolveTarget } from './targets/resolve.ts';
import { defined } from '../defined.ts';

/** What `up` promises for a server that does not answer is 15 s, its name's resolution included. */
const PROBE_DEADLINE_MS = 10_000;

/**
 * Reads the kubeconfig, finds the server and makes sure that it answers us.  Every failure is a `MirrordError`: `usage`
 * for what stands in files and flags, `cluster` for what the server or a credential plugin did.
 */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const env = process.env;
  const signal = options.signal ?? new AbortController().signal;
  const load = (context = options.context): ChosenContext => loadContext({ ...options, ...defined({ context }), env });
  const chosen = load();
  const endpoint = endpointOf(chosen.cluster);
  const credentials = openCredentials(chosen, env, () => load(chosen.context));
  const { 'insecure-skip-tls-verify': skipsVerification, 'tls-server-name': serverName } = chosen.cluster.fields;
  const verify = options.acceptInvalidCertificates !== true && !skipsVerification;
  const ca = authorityOf(chosen.cluster);
  // Node passes over what is not a certificate, and the server's would then be called untrusted.
  if (ca !== undefined && !ca.includes('-----BEGIN')) {
    throw contradictory(
      chosen.cluster,
      'has a certificate-authority that is not PEM (or -data that is not PEM in base64)',
    );
  }
  const server = new Server(
    endpoint,
    proxyOf(chosen.cluster, endpoint, env, options.useProxy !== false),
    { verify, ...defined({ ca }), ...(serverName === '' ? {} : { serverName }) },
    credentials,
  );
  const api = new Api(server);
  options.report?.(`connecting to ${endpoint.url} (context ${chosen.context})`);
  try {
    // First, so that a slow plugin has its own deadline and does not use up the server's.
    await server.identity(signal);
    await server.resolve(signal);
    const version = await probe(api, endpoint.url, signal);
    await checkNamespace(api, chosen.namespace, signal);
    const warnings: string[] = [];
    if (!verify) warnings.push(`the certificate of ${endpoint.url} is not verified`);
    if (credentials.anonymous) warnings.push(`context "${chosen.context}" has no credentials: continuing as anonymous`);
    const discoverer = new Discoverer(api, chosen.namespace, () => server.certifiedNames);
    return {
      context: chosen.context,
      server: endpoint.url,
      version,
      namespace: chosen.namespace,
      warnings,
      preflight: new Preflight(api, server, chosen.namespace),
      serverAddresses: () => server.names.all(),
      serverNames: () => server.names.names(),
      get isLoggingIn() {
        return credentials.isAsking;
      },
      get onServerAddresses() {
        return server.names.onChange;
      },
      set onServerAddresses(callback) {
        server.names.onChange = callback;
      },
      startAgent: async (request, report, until) => {
        const namespace = request.options.namespace ?? chosen.namespace;
        if (namespace !== chosen.namespace) await checkNamespace(api, namespace, until);
        return startJobAgent(api, server, namespace, request, report, until);
      },
      startTargetAgent: (target, request, report, until) =>
        startEphemeralAgent(api, server, target, request, report, until),
      removeLeftovers: (until) => removeLeftovers(api, chosen.namespace, until),
      resolveTarget: (target, timeoutMs, report, until) =>
        resolveTarget(api, { namespace: chosen.namespace, target, timeoutMs }, report, until),
      targetObjects: (target, until) => targetObjects(api, target, until),
      listTargets: (namespace, kinds, until, denied = () => undefined) =>
        listTargets(api, namespace, kinds, until, denied),
      exampleService: (until) => exampleService(api, chosen.namespace, until),
      discover: (serviceHost, until) => discoverer.discover(serviceHost, until),
      watch: (current, changed, until) => discoverer.watch(current, changed, until),
      close: () => api.close(),
    };
  } catch (error) {
    api.close();
    throw error;
  }
}

async function probe(api: Api, url: string, signal: AbortSignal): Promise<string> {
  try {
    const { gitVersion } = await api.get<{ gitVersion?: string }>({
      path: '/version',
      signal,
      deadlineMs: PROBE_DEADLINE_MS,
    });
    if (gitVersion !== undefined) return gitVersion;
    throw new MirrordError('cluster', 'api-answer', `The server at ${url} does not answer like a Kubernetes API.`);
  } catch (error) {
    // /version may be closed to us where the rest is not; the server has answered, which is what was asked.
    if (isStatus(error, 403)) return 'unknown';
    throw explainAnswer(error, `asking ${url} for its version`);
  }
}

/** A namespace that we may not read is taken on trust, if only it can be one: its name becomes part of paths. */
async function checkNamespace(api: Api, namespace: string, signal: AbortSignal): Promise<void> {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) {
    throw new MirrordError('usage', 'namespace-unknown', `"${namespace}" is not a valid namespace name.`);
  }
  try {
    await api.get({ path: `/api/v1/namespaces/${namespace}`, signal });
  } catch (error) {
    if (isStatus(error, 403)) return;
    if (!isStatus(error, 404)) throw explainAnswer(error, `reading namespace ${namespace}`);
    const names = await namespaceNames(api, signal);
    const near = nearest(namespace, names).join(', ');
    throw new MirrordError(
      'usage',
      'namespace-unknown',
      `There is no namespace "${namespace}" in the cluster.`,
      near === '' ? {} : { help: `Available: ${near}.` },
    );
  }
}

async function namespaceNames(api: Api, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const { items } = await api.list<{ metadata: { name: string } }>({ path: '/api/v1/namespaces', signal });
    return items.map((item) => item.metadata.name);
  } catch (error) {
    // May not be listed: the message does without.
    if (error instanceof ApiError) return [];
    throw error;
  }
}
