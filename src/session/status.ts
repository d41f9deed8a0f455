/** The answer to `status`, from what the parts of a session know; those that do not stand yet have nothing to say. */
import type { SessionStatus } from '../control/answers.ts';
import { describeFilter, type Filter } from '../filter/index.ts';
import type { StartMessage } from '../ipc/protocol.ts';
import type { AgentPool } from './agents/pool.ts';
import type { Capture } from './capture.ts';
import { TUN_MTU } from './network.ts';
import type { Remote } from './remote/remote.ts';
import type { RuleMatches } from './rule-matches.ts';

export interface StatusParts {
  readonly start: StartMessage;
  readonly state: SessionStatus['state'];
  readonly reconnecting: SessionStatus['reconnecting'];
  readonly remote: Remote | undefined;
  readonly agents: AgentPool | undefined;
  readonly capture: Capture | undefined;
  readonly filter: Filter | undefined;
  readonly matches: RuleMatches;
  /** The last one measured, ms. */
  readonly rttMs: number | null;
  /** Packets of other machines; null when they are not counted. */
  readonly dropped: number | null;
  readonly incoming: SessionStatus['incoming'];
  readonly warnings: Iterable<string>;
  readonly log: string | null;
}

export function sessionStatus(parts: StatusParts): SessionStatus {
  const { capture, remote, agents } = parts;
  const { options, tun } = parts.start;
  const agent = agents?.outgoing.agent;
  const counters = capture?.counters;
  return {
    name: options.name,
    state: parts.state,
    reconnecting: parts.reconnecting,
    pid: process.pid,
    target: remote?.target ?? options.target ?? 'targetless',
    cluster: remote?.cluster ?? null,
    agent: agent ? { kind: agent.kind, name: agent.name, node: agent.node, image: agent.image } : null,
    tun: { name: tun.name, addresses: capture?.addresses ?? [], mtu: TUN_MTU },
    routes: capture?.network.routes ?? [],
    dns: capture?.dns ?? {
      mode: 'off',
      reason: '',
      server: '',
      domains: [],
      search: [],
      podHosts: [],
      withheldPodHosts: [],
    },
    forwarded: { text: capture?.forwarded ?? '', dropped: parts.dropped },
    incoming: parts.incoming,
    flows: { tcp: counters?.tcpFlows ?? 0, udp: counters?.udpFlows ?? 0 },
    bytes: { up: counters?.bytesUp ?? 0, down: counters?.bytesDown ?? 0 },
    transport: {
      kind: remote?.transport ?? '',
      rtt_ms: parts.rttMs,
      resumes: agents?.resumes ?? 0,
    },
    filter: parts.filter ? describeFilter(parts.filter) : [],
    matches: parts.matches.list,
    warnings: [...parts.warnings, ...(capture?.network.warnings ?? [])],
    log: parts.log,
  };
}
