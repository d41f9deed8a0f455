/** What every pod is given instead of a kubeconfig: a workspace in the cluster itself needs none. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseKubeconfig, type KubeconfigFile } from './file.ts';

/** Where the kubelet mounts the ServiceAccount (Kubernetes, "Accessing the API from within a Pod"). */
const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';
const NAME = 'in-cluster';

/** Null outside a pod, and in one without a ServiceAccount's token. */
export function inCluster(env: NodeJS.ProcessEnv, folder = FOLDER): KubeconfigFile | null {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  const file = path.join(folder, 'token');
  if (!host || !port || !existsSync(file)) return null;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const namespace = path.join(folder, 'namespace');
  const own = existsSync(namespace) ? { namespace: readFileSync(namespace, 'utf8').trim() } : {};
  const written = {
    'current-context': NAME,
    clusters: [{ name: NAME, cluster: { server, 'certificate-authority': 'ca.crt' } }],
    // By file, since the kubelet renews the token.
    users: [{ name: NAME, user: { tokenFile: 'token' } }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME, ...own } }],
  };
  return parseKubeconfig(file, Buffer.from(JSON.stringify(written)));
}
