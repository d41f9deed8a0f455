/**
 * The configuration: files, templates, environment variables and flags, one on top of the other, checked at once.
 *
 * `loadConfig` finds the file, renders it as a template, parses it with the line of every key, lays environment and command
 * line over it and checks types and meaning; whatever is wrong is told in one error.  `schema.ts` is the one source of
 * keys, types, defaults and descriptions: the JSON schema and the reference page are generated from it.  Nothing here
 * knows the machine or the cluster; of files it reads the configuration, and HEAD of a checkout.
 */
export type { ConfigFlags } from './flags.ts';
export { filterSpec } from './http-filter-schema.ts';
export { loadConfig, type Config, type LoadedConfig } from './load.ts';
export { agentOptions, clusterOptions, targetOf } from './options.ts';
export { formatTarget, parseTarget, type Target } from './target.ts';
export { verifyConfig, type Verification } from './verify.ts';
export { readBounded } from './bounded-file.ts';
