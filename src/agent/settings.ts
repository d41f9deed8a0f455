/** What the agent is told, by environment variables. */
import { readFileSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import { readPublicKey } from '../tunnel/key.ts';
import { RESUME_LIMIT_MS } from '../tunnel/limits.ts';

export type ListenPlace = { readonly path: string } | { readonly host: string; readonly ports: readonly number[] };

export interface AgentSettings {
  readonly publicKey: KeyObject;
  readonly listen: ListenPlace;
  readonly resolvConf: string;
  readonly resumeLimitMs: number;
  /** `error` and `warn`: nothing is told but what the one who started it has to know. */
  readonly isQuiet: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws an Error with plain words when a variable is missing or malformed. */
export function readSettings(environment: Environment): AgentSettings {
  const resume = Number(environment['MIRRORD_RESUME_MS'] ?? RESUME_LIMIT_MS);
  if (!Number.isFinite(resume) || resume <= 0) throw new Error('MIRRORD_RESUME_MS must be a number of milliseconds');
  return {
    publicKey: publicKey(required(environment, 'MIRRORD_PUBLIC_KEY')),
    listen: parseListen(required(environment, 'MIRRORD_LISTEN')),
    resolvConf: environment['MIRRORD_RESOLV_CONF'] ?? systemResolvConf(),
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

/** `unix:/path`, or `tcp:127.0.0.1:40001,40002` (the first port that is free). */
export function parseListen(text: string): ListenPlace {
  if (text.startsWith('unix:/')) return { path: text.slice('unix:'.length) };
  const match = /^tcp:(127\.\d+\.\d+\.\d+|\[::1\]):(\d{1,5}(?:,\d{1,5})*)$/.exec(text);
  const ports = (match?.[2] ?? '').split(',').map(Number);
  if (match === null || ports.some((port) => port > 65_535)) {
    throw new Error('MIRRORD_LISTEN must be unix:/PATH or tcp:LOOPBACK-ADDRESS:PORT[,PORT...]');
  }
  return { host: match[1] === '[::1]' ? '::1' : (match[1] ?? ''), ports };
}

function systemResolvConf(): string {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    // No file means a local name server (resolv.conf(5)); questions will then fail or be answered there.
    return '';
  }
}
