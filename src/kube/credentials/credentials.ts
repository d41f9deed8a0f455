/**
 * Who we are to the API server.  Asked again for every connection and request, so that rotating tokens, renewed
 * certificates and expiring exec credentials are picked up while a session runs.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MirrordError } from '../../errors.ts';
import { list, mapping, misshapen, text, texts } from '../kubeconfig/fields.ts';
import { reasonOf, type Entry } from '../kubeconfig/file.ts';
import type { ChosenContext } from '../kubeconfig/load.ts';
import { AuthProvider } from './auth-provider.ts';
import { ExecPlugin } from './exec-plugin.ts';

export interface Identity {
  /** `authorization` and the impersonation headers. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** PEM, both or neither. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

export interface Credentials {
  current(signal: AbortSignal): Promise<Identity>;
  /** The server refused the identity (401).  True when asking again may give another one. */
  refused(): boolean;
  /** Nothing in the kubeconfig says who we are. */
  readonly anonymous: boolean;
}

/** What gives token or certificate, when it is not written in the file. */
export interface CredentialSource {
  get(signal: AbortSignal): Promise<Identity>;
  forget(): void;
}

export function openCredentials(chosen: ChosenContext, env: NodeJS.ProcessEnv): Credentials {
  const user = chosen.user;
  if (user === undefined) {
    return { current: async () => ({ headers: {} }), refused: () => false, anonymous: true };
  }
  const impersonation = impersonationHeaders(user);
  const source = sourceOf(user, chosen, env);
  if (source !== null) {
    return {
      current: async (signal) => merge(await source.get(signal), impersonation),
      refused: () => {
        source.forget();
        return true;
      },
      anonymous: false,
    };
  }
  return {
    // Files are read anew each time: a rotated token or certificate is in use at once.
    current: async () => merge(written(user), impersonation),
    refused: () => text(user, 'tokenFile') !== undefined,
    anonymous: !['token', 'tokenFile', 'username', 'client-certificate', 'client-certificate-data'].some(
      (key) => text(user, key) !== undefined,
    ),
  };
}

function sourceOf(user: Entry, chosen: ChosenContext, env: NodeJS.ProcessEnv): CredentialSource | null {
  if (mapping(user, 'exec') !== undefined) return new ExecPlugin(user, chosen.cluster, env);
  if (mapping(user, 'auth-provider') !== undefined) return new AuthProvider(user);
  return null;
}

/** Precedence as in client-go: a token file wins over a token, both over name and password. */
function written(user: Entry): Identity {
  const tokenFile = text(user, 'tokenFile');
  const token =
    tokenFile === undefined ? text(user, 'token') : readNamed(user, 'tokenFile', tokenFile).toString().trim();
  const username = text(user, 'username');
  const authorization =
    token !== undefined
      ? `Bearer ${token}`
      : username !== undefined
        ? `Basic ${Buffer.from(`${username}:${text(user, 'password') ?? ''}`).toString('base64')}`
        : undefined;
  const cert = dataOrFile(user, 'client-certificate');
  const key = dataOrFile(user, 'client-key');
  if ((cert === undefined) !== (key === undefined)) {
    throw misshapen(user, 'client-certificate', 'given together with client-key');
  }
  return {
    headers: authorization === undefined ? {} : { authorization },
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
}

/** `X-data` (base64) wins over `X` (a path), as in client-go. */
export function dataOrFile(entry: Entry, key: string): Buffer | undefined {
  const data = text(entry, `${key}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64');
  const file = text(entry, key);
  return file === undefined ? undefined : readNamed(entry, key, file);
}

function readNamed(entry: Entry, key: string, file: string): Buffer {
  const full = path.resolve(path.dirname(entry.file), file);
  try {
    return readFileSync(full);
  } catch (error) {
    const where = `kubeconfig ${entry.file}, line ${entry.line}`;
    throw new MirrordError('usage', 'credentials-unreadable', `${where}: ${key} ${full}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function impersonationHeaders(user: Entry): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = {};
  const as = text(user, 'as');
  if (as === undefined) return headers;
  headers['impersonate-user'] = as;
  const uid = text(user, 'as-uid');
  if (uid !== undefined) headers['impersonate-uid'] = uid;
  const groups = texts(user, 'as-groups');
  if (groups.length > 0) headers['impersonate-group'] = groups;
  const extra = mapping(user, 'as-user-extra') ?? {};
  for (const name of Object.keys(extra)) {
    headers[`impersonate-extra-${encodeURIComponent(name.toLowerCase())}`] = list(user, name, extra).map(String);
  }
  return headers;
}

function merge(identity: Identity, headers: Identity['headers']): Identity {
  return { ...identity, headers: { ...identity.headers, ...headers } };
}
