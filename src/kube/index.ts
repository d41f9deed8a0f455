/** What others may import of this folder; its purpose and contract stand in cluster.ts. */
export type {
  AgentOptions,
  AgentProgram,
  AgentRequest,
  Cluster,
  ClusterAgent,
  ClusterOptions,
  Discovery,
  ListedTarget,
  PodTarget,
  ResolvedTarget,
} from './cluster.ts';
export { openCluster } from './open-cluster.ts';
