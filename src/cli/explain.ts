/** `mirrord explain`: where a destination goes, asked of the running session or of a configuration file. */
import { loadConfig } from '../config/index.ts';
import {
  type Explanation,
  Filter,
  explain,
  formatExplanation,
  nameContext,
  parseDestination,
} from '../filter/index.ts';
import { askRunning } from './ask.ts';

/** The session may have to ask name servers that do not answer. */
const EXPLAIN_DEADLINE_MS = 15_000;

export interface ExplainSettings {
  readonly file: string | undefined;
  readonly session: string;
  readonly json: boolean;
}

export async function runExplain(destination: string, { file, session, json }: ExplainSettings): Promise<void> {
  const target = parseDestination(destination);
  const explanation =
    file === undefined
      ? ((await askRunning(session, 'explain', EXPLAIN_DEADLINE_MS, destination)) as Explanation)
      : explain(target, await scopedByFile(file), { names: nameContext('cluster.local', [], []) });
  process.stdout.write(json ? `${JSON.stringify(explanation)}\n` : formatExplanation(explanation));
}

/** The filter alone: which ranges the cluster has is known to a session only. */
async function scopedByFile(file: string) {
  const stdin = () => process.stdin;
  const loaded = await loadConfig({ flags: { configFile: file }, env: process.env, cwd: process.cwd(), stdin });
  return new Filter(loaded.config.feature.network).within({ ranges: [], ipv6: true, never: [] });
}
