/** `mirrord explain`: where a destination goes, asked of the running session or of a configuration file. */
import { loadConfig } from '../config/index.ts';
import {
  type ExplainTarget,
  type Explanation,
  Filter,
  explain,
  formatExplanation,
  parseDestination,
} from '../filter/index.ts';
import { clusterNames, DEFAULT_CLUSTER_DOMAIN } from '../names/cluster-names.ts';
import { askRunning } from './ask.ts';
import type { Format } from './output-format.ts';
import { out } from './output.ts';

/** The session may have to ask name servers that do not answer. */
const EXPLAIN_DEADLINE_MS = 15_000;
/** Kubernetes' own, where the configuration names none. */
const DEFAULT_NAMESPACE = 'default';
const RANGES_UNKNOWN = "only a session knows the cluster's ranges; `mirrord up --dry-run` shows them";

export interface ExplainSettings {
  readonly file: string | undefined;
  readonly session: string;
  readonly format: Format;
}

export async function runExplain(destination: string, { file, session, format }: ExplainSettings): Promise<void> {
  const target = parseDestination(destination);
  const explanation =
    file === undefined
      ? ((await askRunning(session, 'explain', EXPLAIN_DEADLINE_MS, destination)) as Explanation)
      : await explainByFile(target, file);
  await out.answer(format, explanation, formatExplanation);
}

/** The filter alone: which ranges and namespaces the cluster has is known to a session only. */
async function explainByFile(target: ExplainTarget, file: string): Promise<Explanation> {
  const stdin = () => process.stdin;
  const { config } = await loadConfig({ flags: { configFile: file }, env: process.env, cwd: process.cwd(), stdin });
  const scoped = new Filter(config.feature.network).within({ ranges: [], ipv6: true, never: [] });
  const namespace = config.target.namespace ?? DEFAULT_NAMESPACE;
  const names = clusterNames({
    clusterDomain: DEFAULT_CLUSTER_DOMAIN,
    namespaces: [namespace],
    search: [`${namespace}.svc.${DEFAULT_CLUSTER_DOMAIN}`, `svc.${DEFAULT_CLUSTER_DOMAIN}`, DEFAULT_CLUSTER_DOMAIN],
  });
  const explanation = explain(target, scoped, { names });
  if (explanation.reason !== 'out-of-scope') return explanation;
  return { ...explanation, notes: [...explanation.notes, RANGES_UNKNOWN] };
}
