/** Whether the session that is up is the one that `up` was asked for. */
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { loadConfig } from '../config/index.ts';
import { askSession } from '../control/client.ts';
import type { SessionSettings } from '../control/answers.ts';
import { sessionHere } from '../control/session-folder.ts';
import { MirrordError } from '../errors.ts';
import type { UpOptions } from '../ipc/protocol.ts';
import { becomeInvokingUser } from './invoking-user.ts';
import { oneself } from './oneself.ts';

/** A session that is just starting listens, and has read its configuration, within this. */
const SETTINGS_DEADLINE_MS = 10_000;
const POLL_MS = 20;
/** More differences than this are counted, not listed. */
const LISTED = 4;
/** Their values are secrets, or may be. */
const UNSHOWN = 'feature.env.';

/** Throws `session-differs` unless it is; from here on this process is the invoking user's. */
export async function requireSameSettings(options: UpOptions): Promise<void> {
  const { name } = options;
  const running = await askSettings(name);
  Object.assign(process.env, await becomeInvokingUser());
  const cwd = process.cwd();
  // Who gives no key wants none in particular: the one that the session has made up will do.
  const { madeUpKey } = running;
  const loaded = await loadConfig({
    flags: options,
    env: process.env,
    cwd,
    ...(madeUpKey === null ? {} : { madeUpKey }),
  });
  const { effectiveSettings } = await import('../session/settings.ts');
  const asked = effectiveSettings(loaded, options.dns, cwd, process.env);
  const found = differences(running, asked);
  if (found.length === 0) return;
  const more = found.length - LISTED;
  const listed = `${found.slice(0, LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  throw new MirrordError('usage', 'session-differs', `Session '${name}' is up with other settings: ${listed}.`, {
    help: `End it first: mirrord down${name === 'default' ? '' : ` --name ${name}`}`,
  });
}

async function askSettings(name: string): Promise<SessionSettings> {
  const trusts = await oneself();
  for (const signal = AbortSignal.timeout(SETTINGS_DEADLINE_MS); ; await delay(POLL_MS)) {
    try {
      return (await askSession(sessionHere(name), 'settings', undefined, signal, trusts)) as SessionSettings;
    } catch (error) {
      const isBeginning = error instanceof MirrordError && error.code === 'session-not-running';
      if (!isBeginning || signal.aborted) throw error;
    }
  }
}

/** `context A (requested: B)`, one for each; none when they are the same. */
export function differences(running: SessionSettings, asked: SessionSettings): readonly string[] {
  const [theirs, ours] = [running, asked].map(flat);
  const keys = [...new Set([...(theirs?.keys() ?? []), ...(ours?.keys() ?? [])])];
  return keys
    .filter((key) => !isDeepStrictEqual(theirs?.get(key), ours?.get(key)))
    .map((key) =>
      key.startsWith(UNSHOWN) ? key : `${key} ${shown(theirs?.get(key))} (requested: ${shown(ours?.get(key))})`,
    );
}

/** By name, the configuration's by dotted key; lists are values. */
function flat({ target, cluster, dns, configuration }: SessionSettings): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>([
    ['context', cluster?.context],
    ['server', cluster?.server],
    ['namespace', cluster?.namespace],
    ['target', target],
    ['dns', dns],
  ]);
  const walk = (value: unknown, key: string): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return void found.set(key, value);
    for (const [name, inner] of Object.entries(value)) walk(inner, key === '' ? name : `${key}.${name}`);
  };
  walk(configuration, '');
  return found;
}

const shown = (value: unknown): string =>
  value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
