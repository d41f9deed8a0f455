/**
 * What a session stands on, in a form that can be compared: `up` for a name that is up asks whether it is the same.
 *
 * Both sides make it the same way: from the configuration with all its layers, and from the kubeconfig without a word to
 * the cluster.
 */
import { resolve } from 'node:path';
import { type LoadedConfig, clusterOptions, targetOf } from '../config/index.ts';
import type { SessionSettings } from '../control/answers.ts';
import type { DnsModeChoice } from '../machine/dns-state.ts';
import { identifyCluster } from '../kube/kubeconfig/identify.ts';

export function effectiveSettings(
  { config, madeUpKey }: Pick<LoadedConfig, 'config' | 'madeUpKey'>,
  dns: DnsModeChoice,
  cwd: string,
  env: NodeJS.ProcessEnv,
): SessionSettings {
  // What these lead to is compared, and not by which way they were given.
  const { kubeconfig: _file, kube_context: _context, target, feature, ...rest } = config;
  const { kind } = targetOf(config);
  const isHere = kind === 'netns' || kind === 'process';
  const envFile = feature.env.env_file;
  return {
    target: target.path,
    cluster: isHere ? null : identifyCluster({ ...clusterOptions(config, cwd), env }),
    dns,
    madeUpKey,
    configuration: {
      ...rest,
      feature: {
        ...feature,
        env: { ...feature.env, ...(envFile === undefined ? {} : { env_file: resolve(cwd, envFile) }) },
      },
    },
  };
}
