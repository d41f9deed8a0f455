/** A service of the namespace that people can try at once, when a session is up. */
import type { V1Service, V1ServicePort } from '@kubernetes/client-node';
import type { Api } from '../server/api.ts';

/** Nothing waits for it but one line for people. */
const DEADLINE_MS = 3_000;

/** The API server's own: it is reached past the session. */
const API_SERVER = 'kubernetes';
/** Where programs speak HTTP by custom, when the port's name does not say so. */
const WEB_PORTS = new Set([80, 3000, 5000, 8000, 8080, 8081, 8888, 9090]);
const WEB_NAME = /^(http|web|h2c)(?!s)/;

export interface ExampleService {
  readonly name: string;
  readonly port: number;
  /** Whether it speaks HTTP, as far as its object tells. */
  readonly isWeb: boolean;
}

/** Null where there is none, and where services may not be listed. */
export async function exampleService(api: Api, namespace: string, signal: AbortSignal): Promise<ExampleService | null> {
  try {
    const path = `/api/v1/namespaces/${namespace}/services`;
    const firstPage = (): boolean => false;
    return chooseService((await api.list<V1Service>({ path, signal, deadlineMs: DEADLINE_MS }, firstPage)).items);
  } catch {
    signal.throwIfAborted();
    return null; // the line is left out
  }
}

/** What speaks HTTP before what does not, then by name. */
export function chooseService(services: readonly V1Service[]): ExampleService | null {
  const found = services.flatMap(({ metadata, spec }): readonly ExampleService[] => {
    const name = metadata?.name;
    if (name === undefined || name === API_SERVER || spec?.type === 'ExternalName') return [];
    const ports = (spec?.ports ?? []).filter(({ protocol }) => protocol === undefined || protocol === 'TCP');
    const port = ports.find(isWeb) ?? ports[0];
    return port === undefined ? [] : [{ name, port: port.port, isWeb: isWeb(port) }];
  });
  const order = ({ name, isWeb: web }: ExampleService): string => `${web ? 0 : 1} ${name}`;
  return found.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))[0] ?? null;
}

function isWeb({ appProtocol, name, port }: V1ServicePort): boolean {
  const said = appProtocol?.replace(/^kubernetes\.io\//, '') ?? name;
  if (said !== undefined && /^(http|web|h2c|grpc|https|tls|tcp)\b/.test(said)) return WEB_NAME.test(said);
  return WEB_PORTS.has(port);
}
