import { homedir } from 'node:os';
import { asCalled } from '../node-environment.ts';
import { gitBranch } from './git-branch.ts';
import type { ConfigFlags } from './flags.ts';
import { Layers, type Environment } from './layers.ts';
import { checkSemantics } from './semantic-check.ts';
import { parseSource, randomKey } from './parse.ts';
import { configInvalid, formatProblem, type Problem } from './problem.ts';
import type { ConfigSchema } from './schema.ts';
import { findSource, unnamedFile, type Source } from './source.ts';
import type { ByteSource } from './streams.ts';
import type { Tree } from './tree.ts';
import { checkTypes } from './type-check.ts';

/** The configuration with every default filled in; the keys are those of the file. */
export type Config = Omit<ConfigSchema, 'key'> & { readonly key: string };

export interface LoadRequest {
  readonly flags: ConfigFlags;
  /** The invoking user's. */
  readonly env: Environment;
  readonly cwd: string;
  /** For `-f -`; by default this process's own. */
  readonly stdin?: () => ByteSource;
  /** The key where none is given; by default a new one is made up. */
  readonly madeUpKey?: string;
  /** The branch that is checked out in a folder; by default read from its repository. */
  readonly git?: (folder: string) => Promise<string | undefined>;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Null when there is none. */
  readonly file: string | null;
  /** Worth a line, but nothing to worry about. */
  readonly notices: readonly string[];
  readonly warnings: readonly string[];
  /** `config.key` where none was given. */
  readonly madeUpKey: string | null;
}

export interface Outcome {
  readonly config: Config | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** What was given, without defaults. */
  readonly tree: Tree;
}

/** Finds, reads, layers and checks the configuration; throws one error that names everything that is wrong. */
export async function loadConfig(request: LoadRequest): Promise<LoadedConfig> {
  const { flags, env, cwd, stdin, madeUpKey = randomKey() } = request;
  const source = await findSource({ flag: flags.configFile, env, cwd, stdin });
  const { config, problems, warnings } = await assemble(source, { ...request, madeUpKey });
  if (config === null || problems.length > 0) throw configInvalid(problems);
  const unnamed = source === null ? await unnamedFile(cwd) : null;
  const notices = unnamed === null ? [] : [`${unnamed} was found but not used; to use it: -f`];
  const unused =
    source === null || source.others.length === 0
      ? []
      : [`${source.others.join(', ')}: ignored, ${source.name} takes precedence`];
  return {
    config,
    file: source?.name ?? null,
    notices,
    warnings: [...unused, ...warnings.map(formatProblem)],
    madeUpKey: config.key === madeUpKey ? madeUpKey : null,
  };
}

/** All that is wrong with a source under these flags and this environment; a text that cannot be parsed is thrown. */
export async function assemble(source: Source | null, request: LoadRequest): Promise<Outcome> {
  const { flags, env, cwd, madeUpKey = randomKey() } = request;
  const layers = new Layers();
  let key = flags.key ?? (env['MIRRORD_KEY'] || undefined);
  if (source !== null) {
    // Without a branch to look for, nothing needs to be looked at.
    const branch = source.text.includes('git_branch')
      ? env['MIRRORD_BRANCH_NAME'] || (await (request.git ?? gitBranch)(cwd))
      : undefined;
    const parsed = await parseSource(source, { env: asCalled(env), key, madeUpKey, gitBranch: branch });
    key = parsed.key;
    layers.file(source.name, parsed.document);
  }
  layers.environment(env);
  layers.flags(flags);
  const { config: typed, problems } = checkTypes(layers);
  const found = [...layers.problems, ...problems];
  if (typed === null) return { config: null, problems: found, warnings: layers.warnings, tree: layers.tree };
  const config = complete(typed, key ?? madeUpKey, env);
  const meaning = await checkSemantics(config, layers, cwd);
  // What was taken out for its type must not be missed a second time.
  const further = meaning.problems.filter((problem) => !found.some((other) => concernsSame(problem.key, other.key)));
  return {
    config,
    problems: [...found, ...further].sort((a, b) => lineOf(a) - lineOf(b)),
    warnings: [...layers.warnings, ...meaning.warnings],
    tree: layers.tree,
  };
}

function complete(config: ConfigSchema, key: string, env: Environment): Config {
  const home = env['HOME'] || homedir();
  const { kubeconfig, feature } = config;
  const expand = (path: string): string => (path === '~' || path.startsWith('~/') ? home + path.slice(1) : path);
  const envFile = feature.env.env_file;
  return {
    ...config,
    key: config.key ?? key,
    ...(kubeconfig === undefined ? {} : { kubeconfig: kubeconfig.split(':').map(expand).join(':') }),
    feature: { ...feature, env: { ...feature.env, ...(envFile === undefined ? {} : { env_file: expand(envFile) }) } },
  };
}

/** Whether one key lies within the other. */
function concernsSame(a: string, b: string): boolean {
  const within = (inner: string, outer: string): boolean =>
    inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);
  return b !== '' && (within(a, b) || within(b, a));
}

function lineOf({ origin }: Problem): number {
  return origin.kind === 'file' ? (origin.line ?? 0) : Infinity;
}
