/**
 * The variables that tell a pod of the services of its namespace (k8s.io/kubernetes, pkg/kubelet/envvars).
 *
 * They are as old as Kubernetes; DNS does it better, but programs that use them exist, KUBERNETES_SERVICE_HOST first.
 */
import type { LinkedPort, LinkedService } from './pod.ts';

const MASTER = { name: 'kubernetes', namespace: 'default' };

/** `links` is the pod's enableServiceLinks: without it, only the API server is told of. */
export function serviceVariables(
  services: readonly LinkedService[],
  namespace: string,
  links: boolean,
): Map<string, string> {
  const variables = new Map<string, string>();
  for (const service of services) {
    const { metadata, spec } = service;
    const isMaster = metadata?.name === MASTER.name && metadata.namespace === MASTER.namespace;
    // A `kubernetes` of the pod's own namespace, where there is one, tells of itself instead.
    const isShadowed = isMaster && links && namespace !== MASTER.namespace && services.some(isOwnNamesake(namespace));
    const isLinked = (isMaster && !isShadowed) || (links && metadata?.namespace === namespace);
    const address = spec?.clusterIP ?? '';
    if (!isLinked || address === '' || address === 'None') continue;
    for (const [name, value] of variablesOf(metadata?.name ?? '', address, spec?.ports ?? []))
      variables.set(name, value);
  }
  return variables;
}

const isOwnNamesake =
  (namespace: string) =>
  ({ metadata }: LinkedService): boolean =>
    metadata?.name === MASTER.name && metadata.namespace === namespace;

function* variablesOf(service: string, address: string, ports: readonly LinkedPort[]): Generator<[string, string]> {
  const prefix = variableName(service);
  const [first] = ports;
  if (first === undefined) return;
  yield [`${prefix}_SERVICE_HOST`, address];
  yield [`${prefix}_SERVICE_PORT`, String(first.port)];
  for (const { name = '', port } of ports) {
    if (name !== '') yield [`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port)];
  }
  // The form of Docker's links.
  yield [`${prefix}_PORT`, url(first, address)];
  for (const port of ports) {
    const protocol = port.protocol ?? 'TCP';
    const link = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
    yield [link, url(port, address)];
    yield [`${link}_PROTO`, protocol.toLowerCase()];
    yield [`${link}_PORT`, String(port.port)];
    yield [`${link}_ADDR`, address];
  }
}

function url({ protocol = 'TCP', port }: LinkedPort, address: string): string {
  return `${protocol.toLowerCase()}://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

const variableName = (name: string): string => name.replaceAll('-', '_').toUpperCase();
