/** Flags in, `UpOptions` out: the form that crosses to the session. */
import type { UpOptions } from '../ipc/protocol.ts';
import type { PortPair } from '../config/flags.ts';
import type { DnsModeChoice } from '../machine/dns-state.ts';
import { defined } from '../defined.ts';

export interface UpFlags {
  readonly name: string;
  readonly target?: string | undefined;
  readonly namespace?: string | undefined;
  readonly context?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly 'config-file'?: string | undefined;
  readonly key?: string | undefined;
  readonly 'include-route'?: readonly string[] | undefined;
  readonly 'exclude-route'?: readonly string[] | undefined;
  readonly domain?: readonly string[] | undefined;
  readonly steal: boolean;
  readonly port?: readonly PortPair[] | undefined;
  readonly 'http-header'?: string | undefined;
  readonly 'http-path'?: string | undefined;
  readonly 'http-method'?: string | undefined;
  readonly dns: DnsModeChoice;
  readonly verbose: boolean;
  readonly 'accept-invalid-certificates': boolean;
  readonly 'no-outgoing': boolean;
  readonly 'no-tcp-outgoing': boolean;
  readonly 'no-udp-outgoing': boolean;
  readonly 'no-remote-dns': boolean;
}

export function toUpOptions(flags: UpFlags): UpOptions {
  const { target, namespace, context, kubeconfig, key } = flags;
  const configFile = flags['config-file'];
  return {
    name: flags.name,
    ...defined({ target, namespace, context, kubeconfig, configFile, key }),
    includeRoutes: flags['include-route'] ?? [],
    excludeRoutes: flags['exclude-route'] ?? [],
    domains: flags.domain ?? [],
    ...(flags.port === undefined ? {} : { ports: flags.port }),
    dns: flags.dns,
    verbose: flags.verbose,
    overrides: overrides(flags),
  };
}

function overrides(flags: UpFlags): Record<string, boolean | string> {
  const noOutgoing = flags['no-outgoing'];
  return {
    ...(noOutgoing || flags['no-tcp-outgoing'] ? { 'feature.network.outgoing.tcp': false } : {}),
    ...(noOutgoing || flags['no-udp-outgoing'] ? { 'feature.network.outgoing.udp': false } : {}),
    ...(flags['no-remote-dns'] || flags.dns === 'off' ? { 'feature.network.dns.enabled': false } : {}),
    ...(flags.steal ? { 'feature.network.incoming.mode': 'steal' } : {}),
    ...defined({
      'feature.network.incoming.http_filter.header_filter': flags['http-header'],
      'feature.network.incoming.http_filter.path_filter': flags['http-path'],
      'feature.network.incoming.http_filter.method_filter': flags['http-method'],
    }),
    ...(flags['accept-invalid-certificates'] ? { accept_invalid_certificates: true } : {}),
  };
}
