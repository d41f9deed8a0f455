/** A target of the cluster: as it was asked for, as it was resolved, and as it is listed. */
import type { TargetKind } from '../../target-kinds.ts';

/** A target that is, or has, pods. */
export type PodTarget =
  | { readonly kind: TargetKind; readonly name: string; readonly container?: string }
  /** `selector` as kubectl takes it: `app=web,tier=front`. */
  | { readonly kind: 'label'; readonly selector: string; readonly container?: string };

export interface ResolvedTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
  readonly container: string;
  /** The container was not named, and there are several: worth a line. */
  readonly isContainerGuessed: boolean;
  readonly addresses: readonly string[];
  /** Whom the container runs as, root aside, as far as the cluster knows; the rest is its image's matter. */
  readonly identity: { readonly runAsUser?: number; readonly runAsGroup?: number };
  /** TCP ports that the container declares. */
  readonly ports: readonly number[];
  /** It has the node's network: its address is the node's. */
  readonly hostNetwork: boolean;
  /** It asks the cluster's DNS; with another `dnsPolicy` it does not know the cluster's names. */
  readonly clusterDns: boolean;
  /** What its object holds, bytes of JSON: each agent that was ever put into the pod leaves something for good. */
  readonly objectBytes: number;
  /** Ready pods of the target, of so many. */
  readonly ready: number;
  readonly pods: number;
}

export interface ListedTarget {
  readonly kind: TargetKind;
  readonly name: string;
  readonly namespace: string;
  readonly containers: readonly string[];
  readonly ready: number;
  readonly pods: number;
}
