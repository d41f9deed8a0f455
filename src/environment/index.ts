/**
 * The environment of a program that runs here as if it ran in the target: where it comes from, what is changed on the
 * way, output format down.
 *
 * Pure: texts and objects in, maps out.  The caller reads the pod, the ConfigMaps, the process and the files, and
 * hands them in.  Values are secrets until proven otherwise: no error, warning or note of this folder holds one, only
 * names and line numbers.
 *
 * The way of a variable: what the pod declares (`resolveDeclaredEnvironment`) under what its process really has
 * (`parseProcessEnvironment`) is the remote environment; `mergeEnvironment` applies the settings to it; `overLocal` lays
 * the result over the environment of the process that starts the program; `writeEnvironment` writes it for other tools.
 */
export { resolveDeclaredEnvironment, type DeclaredEnvironment } from './declared/resolve.ts';
export type { DeclaringPod, EnvironmentReaders, LinkedService } from './declared/pod.ts';
export { parseEnvFile } from './env-file.ts';
export { ENVIRONMENT_FORMATS, writeEnvironment } from './format.ts';
export type { EnvironmentFormat } from './format.ts';
export { LOCAL_NAMES } from './local-names.ts';
export { mergeEnvironment, mergeRemote, overLocal } from './merge.ts';
export { parseProcessEnvironment } from './process-environment.ts';
export { checkExpression, compileRules } from './rules.ts';
export type { EnvironmentSettings } from './rules.ts';
export type { Variables } from './variables.ts';
