/** The one import of `@kubernetes/client-node`, which alone still knows the logins that Kubernetes has dropped. */
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';

/** The `Authorization` header that the provider gives; undefined when it gives none. */
export async function legacyAuthorization(
  name: string,
  settings: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'c', server: 'https://unused.invalid' }],
    users: [{ name: 'u', authProvider: { name, config: { ...settings } } }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers = options.headers as Record<string, string | undefined> | undefined;
  return headers?.['Authorization'] ?? headers?.['authorization'];
}
