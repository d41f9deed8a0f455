/**
 * From flags and environment to one connection: which files, how they merge, which context.
 *
 * The rules are kubectl's (client-go, `clientcmd`): an explicit file stands alone and must exist; of several files the
 * first that sets a name wins; missing ones are passed over; relative paths are relative to the file they stand in; in a
 * pod without any, the ServiceAccount takes their place.
 */
import { homedir } from 'node:os';
import path from 'node:path';
import { MirrordError } from '../../errors.ts';
import { nearest } from '../nearest.ts';
import { readKubeconfigFile, type ClusterEntry, type Entry, type KubeconfigFile, type UserEntry } from './file.ts';
import { inCluster } from './in-cluster.ts';

const NAME_ONE = 'Name one with --kubeconfig PATH or KUBECONFIG; `kubectl cluster-info` must work with it.';
/** The usual policy of sudo resets the environment (`env_reset`, sudoers(5)). */
const SUDO_DROPS = 'sudo drops KUBECONFIG; this keeps it: sudo --preserve-env=KUBECONFIG mirrord up';

export interface KubeconfigChoice {
  /** `--kubeconfig`, or the configuration's colon list. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** One context with what it names. */
export interface ChosenContext {
  readonly context: string;
  readonly namespace: string;
  readonly cluster: ClusterEntry;
  /** Undefined for a context without a user: anonymous. */
  readonly user: UserEntry | undefined;
}

export function loadContext(choice: KubeconfigChoice): ChosenContext {
  const files = readFiles(choice);
  const contexts = files.flatMap((file) => file.contexts);
  const name = choice.context ?? files.find((file) => file.currentContext !== '')?.currentContext;
  const from = files.map((file) => file.file).join(', ');
  const names = [...new Set(contexts.map((context) => context.name))];
  if (name === undefined) {
    throw new MirrordError('usage', 'context-unset', `Kubeconfig ${from} has no current context.`, {
      help:
        names.length === 0
          ? 'The file has no contexts; is it the right file?'
          : `Name one with --context: ${names.map(quoted).join(', ')}.`,
    });
  }
  const context = contexts.find((entry) => entry.name === name);
  if (context === undefined) {
    const near = nearest(name, names);
    throw new MirrordError('usage', 'context-unknown', `No context ${quoted(name)} in kubeconfig ${from}`, {
      help: near.length > 0 ? `Available: ${near.map(quoted).join(', ')}.` : 'The file has no contexts.',
    });
  }
  const { cluster: clusterName, user: userName, namespace } = context.fields;
  if (clusterName === '') throw incomplete(context, 'names no cluster');
  const cluster = files.flatMap((file) => file.clusters).find((entry) => entry.name === clusterName);
  if (cluster === undefined)
    throw incomplete(context, `names the cluster ${quoted(clusterName)}, which does not exist`);
  const user = files.flatMap((file) => file.users).find((entry) => entry.name === userName);
  if (userName !== '' && user === undefined) {
    throw incomplete(context, `names the user ${quoted(userName)}, which does not exist`);
  }
  return { context: name, namespace: choice.namespace ?? (namespace || 'default'), cluster, user };
}

function readFiles(choice: KubeconfigChoice): KubeconfigFile[] {
  const explicit = choice.kubeconfig !== undefined && choice.kubeconfig !== '';
  const listed = explicit ? choice.kubeconfig : choice.env['KUBECONFIG'];
  const home = choice.env['HOME'] || homedir();
  const isList = listed !== undefined && listed !== '';
  const paths = (isList ? listed.split(path.delimiter) : [path.join(home, '.kube', 'config')])
    .filter((item) => item !== '')
    .map((item) => path.resolve(choice.cwd, item.replace(/^~(?=$|\/)/, home)));
  const files = [...new Set(paths)].flatMap((item) => readKubeconfigFile(item) ?? []);
  if (files.length > 0) return files;
  const pod = isList ? null : inCluster(choice.env);
  if (pod !== null) return [pod];
  const source = explicit ? '--kubeconfig' : isList ? 'KUBECONFIG' : 'the default';
  throw new MirrordError(
    'usage',
    'kubeconfig-missing',
    `No kubeconfig: ${paths.join(', ')} (${source}) was not found.`,
    {
      help: isList || !choice.env['SUDO_UID'] ? NAME_ONE : `${NAME_ONE}\n${SUDO_DROPS}`,
    },
  );
}

function incomplete(context: Entry, reason: string): MirrordError {
  return new MirrordError(
    'usage',
    'context-incomplete',
    `Kubeconfig ${context.file}, line ${context.line}: the context ${quoted(context.name)} ${reason}`,
    { help: 'Choose another context with --context, or correct the file.' },
  );
}

function quoted(name: string): string {
  return JSON.stringify(name);
}
