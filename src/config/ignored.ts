/**
 * Keys that mirrord knows and that do nothing here: a file that has them works, with a warning for each.
 */
const NO_INJECTION = 'every program on this machine is inside, and none is patched, wrapped or skipped';
const NO_OPERATOR = 'there is no operator';
const NO_PROXY = 'there is no proxy process of its own';
const NO_STEALING = 'the agent takes no incoming traffic yet';
const NOT_YET = 'it comes later';
const NO_PRIVILEGE = 'the agent has no privileges and no rules of its own';

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
  ['telemetry', 'nothing is ever reported to anyone'],
  ['api', 'a session is asked through `mirrord status`'],
  ['ci', 'a session runs in CI like anywhere else'],
  ['container', 'containers use this machine like any program'],
  ['external_proxy', NO_PROXY],
  ['internal_proxy', NO_PROXY],
  ['startup_retry', 'requests to the API server are repeated where that helps'],
  ['experimental', 'these switches belong to another implementation'],
  ['pause', NO_STEALING],
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
  ['feature.network.incoming', NOT_YET],
  ['feature.network.outgoing.ignore_localhost', 'loopback is never captured'],
  ['feature.network.outgoing.unix_streams', 'sockets of the file system stay on this machine'],
  ['agent.flush_connections', NO_STEALING],
  ['agent.inject_headers', NO_STEALING],
  ['agent.max_body_buffer_size', NO_STEALING],
  ['agent.max_body_buffer_timeout', NO_STEALING],
  ['agent.jaq_time_limit', NO_STEALING],
  ['agent.pause', NO_STEALING],
  ['agent.network_interface', NO_STEALING],
  ['agent.exclude_from_mesh', NO_STEALING],
  ['agent.nftables', NO_PRIVILEGE],
  ['agent.clean_iptables_on_start', NO_PRIVILEGE],
  ['agent.disabled_capabilities', NO_PRIVILEGE],
  ['agent.privileged', NO_PRIVILEGE],
  ['agent.check_out_of_pods', 'Kubernetes says itself where there is no room'],
  ['agent.disable_mesh_sidecar_injection', "the agent's pod asks for no sidecar"],
  ['agent.json_log', 'the agent logs JSON'],
  ['agent.metrics', 'the agent opens no port for metrics'],
]);

/** A value that asks for what happens anyway needs no warning. */
export function isAsWished(key: string, value: unknown): boolean {
  if (key !== 'feature.network.incoming') return false;
  if (typeof value === 'object' && value !== null && 'mode' in value) return value.mode === 'off';
  return value === false || value === 'off';
}
