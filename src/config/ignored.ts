/**
 * Keys that mirrord knows and that do nothing here: a file that has them works, with a warning for each.
 */
import { isTree } from './tree.ts';

const NO_INJECTION = 'every program on this machine is inside, and none is patched, wrapped or skipped';
const NO_OPERATOR = 'there is no operator';
const NO_PROXY = 'there is no proxy process of its own';
const NO_HTTP = 'the agent takes connections whole';
const NO_TLS = 'connections come as they are, encrypted ones too';
const NO_PRIVILEGE = 'the agent has only the rights that it needs, and its rules end with it';

/** Dotted key to the reason. */
export const IGNORED: ReadonlyMap<string, string> = new Map([
  ['skip_processes', NO_INJECTION],
  ['skip_build_tools', NO_INJECTION],
  ['skip_extra_build_tools', NO_INJECTION],
  ['skip_sip', NO_INJECTION],
  ['sip_binaries', NO_INJECTION],
  ['operator', NO_OPERATOR],
  ['multi_cluster', NO_OPERATOR],
  ['profile', NO_OPERATOR],
  ['traceparent', NO_OPERATOR],
  ['baggage', NO_OPERATOR],
  ['connect_tcp', 'the agent is reached through the API server'],
  ['telemetry', 'no usage data is ever sent'],
  ['api', 'a session is asked through `mirrord status`'],
  ['ci', 'a session runs in CI like anywhere else'],
  ['container', 'containers use this machine like any program'],
  ['external_proxy', NO_PROXY],
  ['internal_proxy', NO_PROXY],
  ['startup_retry', 'requests to the API server are repeated where that helps'],
  ['experimental', 'these switches are for another implementation'],
  ['pause', 'the target goes on'],
  ['feature.fs', "programs use this machine's own files"],
  ['feature.hostname', 'this machine keeps its own host name'],
  ['feature.magic', NO_INJECTION],
  ['feature.copy_target', NO_OPERATOR],
  ['feature.db_branches', NO_OPERATOR],
  ['feature.preview', NO_OPERATOR],
  ['feature.split_queues', NO_OPERATOR],
  ['feature.redis', NO_OPERATOR],
  ['feature.capture_error_trace', NO_INJECTION],
  ['feature.env.load_from_process', NO_INJECTION],
  ['feature.network.incoming.listen_ports', 'programs listen on the ports that they ask for'],
  ['feature.network.incoming.tls_delivery', NO_TLS],
  ['feature.network.incoming.https_delivery', NO_TLS],
  ['feature.network.incoming.on_concurrent_steal', 'the second session that takes a target is refused'],
  ['feature.network.outgoing.ignore_localhost', 'loopback is never captured'],
  ['feature.network.outgoing.unix_streams', 'sockets of the file system stay on this machine'],
  ['agent.flush_connections', 'established connections are always ended, idle ones at once'],
  ['agent.inject_headers', NO_HTTP],
  ['agent.max_body_buffer_size', NO_HTTP],
  ['agent.max_body_buffer_timeout', NO_HTTP],
  ['agent.jaq_time_limit', NO_HTTP],
  ['agent.pause', 'the target goes on'],
  ['agent.port', 'the agent is reached through the API server, at a port of its own choice'],
  ['agent.network_interface', 'connections are taken from every interface'],
  ['agent.exclude_from_mesh', "the agent's rules stand behind a mesh's"],
  ['agent.nftables', NO_PRIVILEGE],
  ['agent.clean_iptables_on_start', NO_PRIVILEGE],
  ['agent.disabled_capabilities', NO_PRIVILEGE],
  ['agent.privileged', NO_PRIVILEGE],
  ['agent.check_out_of_pods', 'Kubernetes itself reports when there is no capacity'],
  ['agent.disable_mesh_sidecar_injection', "the agent's pod asks for no sidecar"],
  ['agent.json_log', 'the agent logs JSON'],
  ['agent.metrics', 'the agent opens no port for metrics'],
]);

/** Keys that mirrord knows and without which a file would mean something else: an error, with what to write instead. */
export const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  [
    'feature.network.incoming.http_filter.header_filter_jq',
    'jq programs are not supported; write header_filter, or several conditions in all_of or any_of',
  ],
]);

/** Values that ask for what happens anyway: of switches, beside those that every key may have (`asksNothing`). */
const AS_WISHED: ReadonlyMap<string, readonly unknown[]> = new Map<string, readonly unknown[]>([
  ['feature.fs', ['local']],
  ['feature.network.incoming.on_concurrent_steal', ['abort']],
  ['feature.network.outgoing.ignore_localhost', [true]],
  ['agent.json_log', [true]],
  ['agent.disable_mesh_sidecar_injection', [true]],
]);

/** A key whose every value asks for what happens anyway: capabilities that the agent is to do without. */
const ALWAYS_AS_WISHED = 'agent.disabled_capabilities';

/** Keys that say within an object which of their values is meant. */
const MODES = ['mode', 'enabled'];

/** A value that asks for what happens anyway needs no warning. */
export function isAsWished(key: string, value: unknown): boolean {
  if (key === ALWAYS_AS_WISHED || asksNothing(value) || AS_WISHED.get(key)?.includes(value) === true) return true;
  const mode = isTree(value) ? MODES.find((name) => Object.hasOwn(value, name)) : undefined;
  return mode !== undefined && isTree(value) && isAsWished(key, value[mode]);
}

/** Switched off, or empty. */
function asksNothing(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === false || value === '' || (isTree(value) && Object.values(value).every(asksNothing));
}
