/** What others may import of this folder; its purpose and contract stand in cluster.ts. */
export type {
  AgentOptions,
  AgentProgram,
  AgentRequest,
  Remains,
  Cluster,
  ClusterOptions,
  Discovery,
} from './cluster.ts';
export { openCluster } from './open-cluster.ts';
export type { PodTarget } from './targets/target.ts';
