/**
 * Who we are to the API server.  Asked again for every connection and request, so that rotating tokens, renewed
 * certificates and expiring exec credentials are picked up while a session runs.
 */
import { validateHeaderValue } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { MirrordError } from '../../errors.ts';
import { list, mapping, misshapen, text, texts } from '../kubeconfig/fields.ts';
import type { Entry } from '../kubeconfig/file.ts';
import type { ChosenContext } from '../kubeconfig/load.ts';
import { AuthProvider } from './auth-provider.ts';
import { ExecPlugin } from './exec-plugin.ts';
import { dataOrFile, readNamed } from './named-file.ts';
import type { CredentialSource, Identity } from './identity.ts';

export interface Credentials {
  current(signal: AbortSignal): Promise<Identity>;
  /** The server refused the identity (401).  True when asking again may give another one. */
  refused(): boolean;
  /** Nothing in the kubeconfig says who we are. */
  readonly anonymous: boolean;
}

/** `reread` gives the context as its files have it now: who logs in again gets a kubeconfig that was written anew. */
export function openCredentials(
  chosen: ChosenContext,
  env: NodeJS.ProcessEnv,
  reread: () => ChosenContext = () => chosen,
): Credentials {
  const user = chosen.user;
  if (user === undefined) {
    return { current: async () => ({ headers: {} }), refused: () => false, anonymous: true };
  }
  const source = sourceOf(user, chosen, env);
  if (source !== null) {
    const impersonation = impersonationHeaders(user);
    return {
      current: async (signal) => sendable(user, merge(await source.get(signal), impersonation)),
      refused: () => {
        source.forget();
        return true;
      },
      anonymous: false,
    };
  }
  let now = user;
  return {
    // Files are read anew each time: a rotated token or certificate is in use at once.
    current: async () => sendable(now, merge(written(now), impersonationHeaders(now))),
    refused: () => {
      const before = now;
      now = userNow(reread) ?? before;
      return text(now, 'tokenFile') !== undefined || !isDeepStrictEqual(now.fields, before.fields);
    },
    anonymous: !['token', 'tokenFile', 'username', 'client-certificate', 'client-certificate-data'].some(
      (key) => text(user, key) !== undefined,
    ),
  };
}

function userNow(reread: () => ChosenContext): Entry | undefined {
  try {
    return reread().user;
  } catch {
    // Gone, or half written: what was read before has to do, and the refusal is what is told.
    return undefined;
  }
}

function sourceOf(user: Entry, chosen: ChosenContext, env: NodeJS.ProcessEnv): CredentialSource | null {
  if (mapping(user, 'exec') !== undefined) return new ExecPlugin(user, chosen.cluster, env);
  if (mapping(user, 'auth-provider') !== undefined) return new AuthProvider(user);
  return null;
}

/** Precedence as in client-go: a token file wins over a token, both over name and password. */
function written(user: Entry): Identity {
  const tokenFile = text(user, 'tokenFile');
  // YAML's block texts end with a line break, and so do files.
  const said = tokenFile === undefined ? text(user, 'token') : readNamed(user, 'tokenFile', tokenFile).toString();
  const token = said?.trim();
  if (token === '') throw unusable(user, `${tokenFile === undefined ? 'token' : `tokenFile ${tokenFile}`} is empty`);
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

/** What cannot stand in a header would be refused at the first request, in words that name no kubeconfig. */
function sendable(user: Entry, identity: Identity): Identity {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(identity.headers)) {
    // Node writes one byte for each character, and a name may have others than ASCII's.
    const bytes = (said: string): string => Buffer.from(said).toString('latin1');
    const sent = typeof value === 'string' ? bytes(value) : value.map(bytes);
    try {
      for (const part of [sent].flat()) validateHeaderValue(name, part);
    } catch (error) {
      const what = name === 'authorization' ? 'the token' : name;
      throw unusable(user, `${what} has characters that cannot be sent, such as line breaks`, error);
    }
    headers[name] = sent;
  }
  return { ...identity, headers };
}

function unusable(user: Entry, reason: string, cause?: unknown): MirrordError {
  const message = `kubeconfig ${user.file}, line ${user.line}: user "${user.name}": ${reason}`;
  return new MirrordError('usage', 'credentials-unreadable', message, {
    help: 'Log in again, or fetch the kubeconfig anew.',
    cause,
  });
}
