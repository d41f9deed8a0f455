/** The machine as it is before anything is changed, read without side effects. */
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
  /** A port of it that is not an end of a container's or a virtual machine's: the bridge is part of another network. */
  readonly uplink?: string;
}

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
  /** What this session has put there for names is there no longer, or is not what programs ask: it must be requested again. */
  readonly overwritten: boolean;
}

/** The network of a namespace or process that is a target by itself. */
export interface NetworkTargetFacts {
  /** Subnets and routes of the namespace, its default route aside. */
  readonly ranges: readonly string[];
  readonly addresses: readonly string[];
  readonly resolvConf: string;
}
