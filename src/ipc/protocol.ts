/**
 * The boundary between the root "host" process and the unprivileged "session" process: every message that may cross.
 *
 * The session asks; the host validates every argument (`src/host/requests.ts`) and answers.  The list is closed and
 * short on purpose: a session that has been taken over can do no more to the machine than what stands here.
 */
import type { ErrorDescription } from '../errors.ts';

/** Everything that `up` was told, as strings; the session reads files and the cluster as the invoking user. */
export interface UpOptions {
  readonly name: string;
  readonly target?: string;
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly configFile?: string;
  readonly key?: string;
  readonly includeRoutes: readonly string[];
  readonly excludeRoutes: readonly string[];
  readonly domains: readonly string[];
  readonly dns: DnsModeChoice;
  readonly verbose: boolean;
  /** `--no-tcp-outgoing` and its kin, already in configuration terms: dotted key to value. */
  readonly overrides: Readonly<Record<string, boolean | string>>;
}

export type DnsModeChoice = 'auto' | 'resolved' | 'nftables' | 'resolv.conf' | 'off';
export type DnsMode = Exclude<DnsModeChoice, 'auto'>;

/** The machine as it is before anything is changed; read by the host, without side effects. */
export interface MachineFacts {
  readonly routes: readonly MachineRoute[];
  readonly addresses: readonly MachineAddress[];
  readonly bridges: readonly MachineBridge[];
  readonly dns: MachineDns;
}

export interface MachineRoute {
  /** CIDR; the default route is 0.0.0.0/0 or ::/0. */
  readonly destination: string;
  readonly device: string;
  readonly gateway?: string;
  readonly metric?: number;
  readonly table?: string;
}

export interface MachineAddress {
  readonly device: string;
  /** CIDR with the interface's prefix length. */
  readonly address: string;
}

/** A bridge as container runtimes and hypervisors make it. */
export interface MachineBridge {
  readonly name: string;
  /** A port of it that is no end of a container's or a virtual machine's: the bridge is part of another network. */
  readonly uplink?: string;
}

/** Whose packets come in beside this machine's own: its bridges', nobody's, or those from these CIDRs. */
export type Forwarded = 'bridges' | 'off' | readonly string[];

export interface MachineDns {
  /** The servers that names outside the cluster keep going to; never a stub of ours. */
  readonly servers: readonly string[];
  /** Whom programs ask: the servers of resolv.conf, and behind a stub of systemd-resolved those that it asks. */
  readonly asked: readonly string[];
  readonly search: readonly string[];
  readonly ndots: number;
  /** systemd-resolved answers and resolv.conf points to it. */
  readonly resolved: boolean;
  /** The text of resolv.conf. */
  readonly resolvConf: string;
  /** What this session has put there for names is there no longer, or is not what programs ask: it is to be asked for anew. */
  readonly overwritten: boolean;
}

/** A namespace or process that is a target by itself, read by the host. */
export interface NetworkTargetFacts {
  /** Subnets and routes of the namespace, its default route aside. */
  readonly ranges: readonly string[];
  readonly addresses: readonly string[];
  readonly resolvConf: string;
}

/** Desired state; `host` makes the machine equal to it, and the empty state undoes everything. */
export interface NetworkState {
  readonly addresses: readonly string[];
  readonly mtu: number;
  /** CIDRs that enter the TUN. */
  readonly routes: readonly string[];
  /** CIDRs inside a routed range that keep their old path. */
  readonly pins: readonly string[];
  /** What stays on this machine by port or protocol: policy rules in front of the TUN's routes. */
  readonly rules: readonly PolicyRule[];
  /** CIDRs that programs must find unreachable at once (IPv6 where the cluster has none). */
  readonly unreachable: readonly string[];
  /** Its address, one of `routes`: what stays outside the session asks there all the same. */
  readonly resolver: string | null;
  readonly forwarded: Forwarded;
}

/** What names have added to the ranges: whole, each time.  It goes before the network state. */
export interface NamedState {
  /** Single addresses. */
  readonly routes: readonly string[];
  readonly pins: readonly string[];
  readonly rules: readonly PolicyRule[];
}

export interface PolicyRule {
  readonly destination: string;
  readonly protocol?: 'tcp' | 'udp';
  readonly port?: number;
  /** `local`: use the machine's old path.  `remote`: enter the TUN. */
  readonly side: 'local' | 'remote';
}

export interface DnsState {
  readonly mode: DnsModeChoice;
  /** Virtual addresses of the resolver behind the TUN. */
  readonly servers: readonly string[];
  /** For the nftables redirect; what is sent to no server of these passes untouched. */
  readonly redirects: readonly DnsRedirect[];
  /**
   * By what the resolver's own questions upstream are known, which the redirect lets pass: the session's user, and by UDP
   * this hop limit, by TCP these source ports.
   */
  readonly exempt: { readonly hopLimit: number; readonly tcp: readonly number[] };
  /** Search list to add, in order. */
  readonly search: readonly string[];
  /** Names that must come to us: the cluster's zones, `svc`, namespaces, reverse zones, remote filter names. */
  readonly domains: readonly string[];
  /** Every name must come to us (`scope: "all"`, or filters that need to see all names). */
  readonly everything: boolean;
}

/** A server that programs ask, and the resolver's loopback port for it: the same for UDP and TCP. */
export interface DnsRedirect {
  readonly server: string;
  readonly port: number;
}

/** A TCP flow whose program has bound itself to an address of the machine's own. */
export interface BoundFlow {
  readonly source: SocketAddress;
  readonly destination: SocketAddress;
}

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** What the user has asked for about names: no later wish of the session goes beyond it. */
export interface AskedNames {
  /** Public suffixes, or domains above some, that may be taken over. */
  readonly domains: readonly string[];
  /** Whether `DnsState.everything` may be. */
  readonly everything: boolean;
}

export interface RouteQuestion {
  readonly address: string;
  readonly protocol: 'tcp' | 'udp' | null;
  readonly port: number | null;
}

/** What the session may ask of the host. */
export interface HostOperations {
  facts(): Promise<MachineFacts>;
  /** Once, and before the session has spoken to anyone who could have it say more; without it nothing was asked for. */
  asked(names: AskedNames): Promise<void>;
  /** Once, at the start: the target when it is a namespace or process of this machine, else null.  It stays the target. */
  target(target: string | null): Promise<NetworkTargetFacts | null>;
  /** Starts the agent in the target's namespace as the invoking user; resolves when it listens on `socketPath`. */
  startAgent(publicKey: string, socketPath: string): Promise<void>;
  /**
   * Claims ranges before anything is started for them; throws where another session has some.  Resolves to whether there
   * is no other one in this network, who could.
   */
  reserve(ranges: readonly string[]): Promise<boolean>;
  /** Resolves to plain-word warnings (overlaps with other interfaces' routes, and the like). */
  network(state: NetworkState): Promise<readonly string[]>;
  /** Fast, since a program waits for its answer meanwhile. */
  named(state: NamedState): Promise<void>;
  /** The interface by which the kernel would send to this destination just now; null when by none. */
  route(destination: RouteQuestion): Promise<string | null>;
  /** The flows to end when the session is killed, beside those with the TUN's address; all of them, each time. */
  bound(flows: readonly BoundFlow[]): Promise<void>;
  /** Packets of other machines that were kept out so far; null when they are not counted here. */
  strangers(): Promise<number | null>;
  /** Resolves to the mode in force and one line that says why it was chosen. */
  dns(state: DnsState): Promise<{ mode: DnsMode; reason: string }>;
}

export interface TunFacts {
  readonly name: string;
  /** Descriptor number in the session process. */
  readonly fd: number;
}

export interface StartMessage {
  readonly type: 'start';
  readonly options: UpOptions;
  readonly tun: TunFacts;
  /** Folder for the control socket and the agent's socket; owned by the session's user, mode 0700. */
  readonly folder: string;
  /** The user's working directory. */
  readonly cwd: string;
  /** Path of the agent's program, one file. */
  readonly agentBundle: string;
  /** Beyond what the process was started with: what sudo had dropped.  It must touch no program of root's. */
  readonly environment: Readonly<Record<string, string>>;
}

export type HostToSession =
  | StartMessage
  | { readonly type: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly error: ErrorDescription }
  /** The machine's own network changed (default route, addresses, name servers). */
  | { readonly type: 'changed'; readonly facts: MachineFacts }
  /** The end begins, and routes still lead to the TUN: reset every flow, refuse new ones, and answer `released`. */
  | { readonly type: 'release' }
  /** End in order: the routes are gone by now; delete what the cluster holds and exit. */
  | { readonly type: 'stop' };

export type SessionToHost =
  | {
      readonly type: 'request';
      readonly id: number;
      readonly op: keyof HostOperations;
      readonly args: readonly unknown[];
    }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'ready'; readonly lines: readonly string[] }
  | { readonly type: 'failed'; readonly error: ErrorDescription }
  /** The answer to `release`. */
  | { readonly type: 'released' }
  /** What the cluster would keep of the session if it ended just now; whole, each time. */
  | { readonly type: 'remains'; readonly remains: readonly Remain[] }
  /** A signal came to the session itself. */
  | { readonly type: 'interrupted' }
  /** `mirrord down` came by the control socket. */
  | { readonly type: 'down' };

/** Something in the cluster that the session has to remove. */
export interface Remain {
  /** In plain words: `The agent's Job default/mirrord-agent-x`. */
  readonly what: string;
  /** The reason why it could not be removed; null as long as nobody has tried. */
  readonly why: string | null;
  /** Without the session it ends by itself in this time. */
  readonly withinMs: number;
}

/** One step of a long work, for people.  The same `step` is reported again as it moves on. */
export interface Progress {
  readonly step: 'cluster' | 'target' | 'agent' | 'routes' | 'filter' | 'dns' | 'repair' | 'config';
  readonly state: 'running' | 'done' | 'warning';
  readonly text: string;
}
