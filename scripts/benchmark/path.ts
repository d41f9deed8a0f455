/** One way from a client to the same servers. */
import type { Machine } from '../sandbox/index.ts';

/**
 * In the sandbox: D direct veth, P pasta, S slirp4netns, M mirrord.
 * Through a real API server: K kubectl port-forward, R mirrord; K20 and R20 with 20 ms more of round trip to it.
 */
export type Letter = 'D' | 'P' | 'S' | 'M' | 'K' | 'R' | 'K20' | 'R20';

export interface Path {
  readonly letter: Letter;
  readonly title: string;
  /** Where the clients run. */
  readonly client: Machine;
  /** The server's address as it is seen from there. */
  readonly address: string;
  /** Port of the echo server, and of iperf3, as they are seen from there. */
  readonly ports: { readonly echo: number; readonly iperf: number };
  /** A name server that leads to the servers' side; undefined where the path carries no UDP. */
  readonly nameServer: string | undefined;
  /** The processes that carry the bytes: their CPU and memory are the path's cost. */
  readonly processes: readonly Process[];
  /** Those that carry them, too, and are the cluster's own. */
  readonly clusterProcesses?: readonly Process[];
  /** Starts again what has ended by itself, and in any case when it has failed; resolves to whether it had ended. */
  mend?(failed: boolean): Promise<boolean>;
}

export interface Process {
  readonly name: string;
  readonly pid: number;
}
