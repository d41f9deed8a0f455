/** What the agent is told: by its loader's command line, or by environment variables where it is started by itself. */
import { readFileSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import { readPublicKey } from '../connection/key.ts';
import { RESUME_LIMIT_MS } from '../connection/limits.ts';

/** Characters of the hosts file: hundreds of names. */
const HOSTS_LIMIT = 65_536;

/** Which of the target's traffic it is for. */
export type AgentRole = 'outgoing' | 'incoming';

export interface AgentSettings {
  readonly role: AgentRole;
  readonly publicKey: KeyObject;
  readonly resolvConf: string;
  readonly hosts: string;
  readonly resumeLimitMs: number;
  /** `error` and `warn`: nothing is told but what the one who started it has to know. */
  readonly isQuiet: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What follows the loader's own arguments, in this order, under the names that they have in an environment. */
const ARGUMENTS = ['MIRRORD_PUBLIC_KEY', 'MIRRORD_RESUME_MS', 'MIRRORD_LOG_LEVEL', 'MIRRORD_ROLE'] as const;

/** `argv` is process.argv under the loader: program, hash, length, then ARGUMENTS. */
export function fromArguments(argv: readonly string[]): Environment {
  return Object.fromEntries(ARGUMENTS.map((name, index) => [name, argv[3 + index]]));
}

/** Throws an Error with plain words when a variable is missing or malformed. */
export function readSettings(environment: Environment): AgentSettings {
  const resume = Number(environment['MIRRORD_RESUME_MS'] ?? RESUME_LIMIT_MS);
  if (!Number.isFinite(resume) || resume <= 0) throw new Error('MIRRORD_RESUME_MS must be a number of milliseconds');
  const given = environment['MIRRORD_RESOLV_CONF'];
  return {
    role: environment['MIRRORD_ROLE'] === 'incoming' ? 'incoming' : 'outgoing',
    publicKey: publicKey(required(environment, 'MIRRORD_PUBLIC_KEY')),
    resolvConf: given ?? systemFile('/etc/resolv.conf'),
    // Who is given a resolv.conf is on the client's own machine, and sees its hosts file.
    hosts: given === undefined ? systemFile('/etc/hosts').slice(0, HOSTS_LIMIT) : '',
    resumeLimitMs: resume,
    isQuiet: ['error', 'warn'].includes(environment['MIRRORD_LOG_LEVEL'] ?? ''),
  };
}

function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

function publicKey(text: string): KeyObject {
  try {
    return readPublicKey(text);
  } catch (error) {
    throw new Error('MIRRORD_PUBLIC_KEY is not an Ed25519 public key in base64', { cause: error });
  }
}

/** Where an agent without a loader listens: MIRRORD_LISTEN, `unix:/PATH`.  Throws like `readSettings`. */
export function readSocketPath(environment: Environment): string {
  const place = required(environment, 'MIRRORD_LISTEN');
  if (!place.startsWith('unix:/')) throw new Error('MIRRORD_LISTEN must be unix:/PATH');
  return place.slice('unix:'.length);
}

/** Empty for no file: that means a local name server (resolv.conf(5)), and no names (hosts(5)). */
function systemFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
