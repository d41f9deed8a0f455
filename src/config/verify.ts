import { MirrordError } from '../errors.ts';
import { assemble, type Config, type LoadRequest } from './load.ts';
import { formatProblem } from './problem.ts';
import { findSource } from './source.ts';
import { TARGET_KINDS } from '../target-kinds.ts';
import { parseTarget, type Target } from './target.ts';
import { getAt } from './tree.ts';
import { defined } from '../defined.ts';

/** The object that `mirrord verify-config` prints; editors' plugins read it. */
export type Verification =
  | {
      readonly type: 'Success';
      readonly config: {
        /** Null when the file names no target: `{"deployment": "web", "container": "app"}`, or `targetless`. */
        readonly path: 'targetless' | Readonly<Record<string, string>> | null;
        readonly namespace: string | null;
      };
      readonly warnings: readonly string[];
      /** What a dialog may offer, where the file leaves the target open. */
      readonly compatible_target_types: readonly string[];
      /** Under `--resolved`: the configuration with every default filled in. */
      readonly resolved?: Config;
    }
  | { readonly type: 'Fail'; readonly errors: readonly string[] };

export interface VerifyRequest extends Omit<LoadRequest, 'flags'> {
  readonly resolved: boolean;
}

/** Checks one file as `up` would with this environment.  Whatever is wrong is in the answer: nothing is thrown for it. */
export async function verifyConfig(path: string, request: VerifyRequest): Promise<Verification> {
  try {
    const source = await findSource({ flag: path, env: request.env, cwd: request.cwd, stdin: request.stdin });
    const { config, problems, warnings, tree } = await assemble(source, { ...request, flags: {} });
    if (config === null || problems.length > 0) return { type: 'Fail', errors: problems.map(formatProblem) };
    const parsed = getAt(tree, 'target.path') === undefined ? null : parseTarget(config.target.path);
    return {
      type: 'Success',
      config: {
        path: parsed !== null && 'target' in parsed ? describeTarget(parsed.target) : null,
        namespace: config.target.namespace ?? null,
      },
      warnings: warnings.map(formatProblem),
      compatible_target_types: [...(config.agent.ephemeral ? [] : ['targetless']), ...TARGET_KINDS],
      ...(request.resolved ? { resolved: config } : {}),
    };
  } catch (error) {
    if (!(error instanceof MirrordError)) throw error;
    return { type: 'Fail', errors: error.message.split('\n') };
  }
}

function describeTarget(target: Target): 'targetless' | Readonly<Record<string, string>> {
  switch (target.kind) {
    case 'targetless':
      return 'targetless';
    case 'process':
      return { process: String(target.pid) };
    case 'netns':
      return { netns: target.name };
    default: {
      const name = target.kind === 'label' ? target.selector : target.name;
      return { [target.kind]: name, ...defined({ container: target.container }) };
    }
  }
}
