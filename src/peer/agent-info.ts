/** What the agent sees around itself. */
export interface AgentInfo {
  readonly version: string;
  readonly node: string;
  readonly hostname: string;
  /** The agent's own addresses with prefix length, loopback aside. */
  readonly addresses: readonly string[];
  /** The text of the agent's resolv.conf. */
  readonly resolvConf: string;
  /** The text of the agent's hosts file, cut off at 64 kB; empty where that is this machine's own. */
  readonly hosts: string;
  /** KUBERNETES_SERVICE_HOST, where set. */
  readonly serviceHost: string | null;
  readonly ipv6: boolean;
}
