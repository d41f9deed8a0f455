/**
 * Who we are to the API server.  Asked again for every connection and request, so that rotating tokens, renewed
 * certificates and expiring exec credentials are picked up while a session runs.
 */
import { validateHeaderValue } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { MirrordError } from '../../errors.ts';
import { contradictory, type UserEntry } from '../kubeconfig/file.ts';
import type { ChosenContext } from '../kubeconfig/load.ts';
import { AuthProvider } from './auth-provider.ts';
import { ExecPlugin } from './exec-plugin.ts';
import { dataOrFile, readNamed } from './named-file.ts';
import type { CredentialSource, Identity } from './identity.ts';
import { defined } from '../../defined.ts';

/** Fields that say who we are. */
const NAMING = ['token', 'tokenFile', 'username', 'client-certificate', 'client-certificate-data'] as const;

export interface Credentials {
  current(signal: AbortSignal): Promise<Identity>;
  /** The server refused the identity (401).  True when asking again may give another one. */
  refused(): boolean;
  /** Nothing in the kubeconfig says who we are. */
  readonly anonymous: boolean;
  /** A plugin, or a login server, is being asked who we are. */
  readonly isAsking: boolean;
}

/** `reread` gives the context as its files have it now: who logs in again gets a kubeconfig that was written again. */
export function openCredentials(
  chosen: ChosenContext,
  env: NodeJS.ProcessEnv,
  reread: () => ChosenContext = () => chosen,
): Credentials {
  const user = chosen.user;
  if (user === undefined) {
    return { current: async () => ({ headers: {} }), refused: () => false, anonymous: true, isAsking: false };
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
      get isAsking() {
        return source.isAsking;
      },
    };
  }
  let now = user;
  return {
    // Files are read again each time: a rotated token or certificate is in use at once.
    current: async () => sendable(now, merge(written(now), impersonationHeaders(now))),
    refused: () => {
      const before = now;
      now = userNow(reread) ?? before;
      return now.fields.tokenFile !== '' || !isDeepStrictEqual(now.fields, before.fields);
    },
    anonymous: NAMING.every((key) => user.fields[key].length === 0),
    isAsking: false,
  };
}

function userNow(reread: () => ChosenContext): UserEntry | undefined {
  try {
    return reread().user;
  } catch {
    // Gone, or half written: what was read before has to do, and the refusal is what is told.
    return undefined;
  }
}

function sourceOf(user: UserEntry, chosen: ChosenContext, env: NodeJS.ProcessEnv): CredentialSource | null {
  const { exec, 'auth-provider': provider } = user.fields;
  if (exec !== null) return new ExecPlugin(user, exec, chosen.cluster, env);
  return provider === null ? null : new AuthProvider(user, provider);
}

/** Precedence as in client-go: a token file wins over a token, both over name and password. */
function written(user: UserEntry): Identity {
  const { tokenFile, username, password } = user.fields;
  const said = tokenFile === '' ? user.fields.token : readNamed(user, 'tokenFile', tokenFile).toString();
  // YAML's block texts end with a line break, and so do files.
  const token = said.trim();
  if (token === '' && (tokenFile !== '' || said !== '')) {
    throw unusable(user, `${tokenFile === '' ? 'token' : `tokenFile ${tokenFile}`} is empty`);
  }
  const login = Buffer.from(`${username}:${password}`).toString('base64');
  const authorization = token !== '' ? `Bearer ${token}` : username !== '' ? `Basic ${login}` : undefined;
  const { 'client-certificate': certFile, 'client-key': keyFile, ...data } = user.fields;
  const cert = dataOrFile(user, 'client-certificate', data['client-certificate-data'], certFile);
  const key = dataOrFile(user, 'client-key', data['client-key-data'], keyFile);
  if ((cert === undefined) !== (key === undefined)) {
    throw contradictory(user, 'needs both client-certificate and client-key');
  }
  return {
    headers: defined({ authorization }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
}

function impersonationHeaders(user: UserEntry): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = {};
  const { as, 'as-uid': uid, 'as-groups': groups, 'as-user-extra': extra } = user.fields;
  if (as === '') return headers;
  headers['impersonate-user'] = as;
  if (uid !== '') headers['impersonate-uid'] = uid;
  if (groups.length > 0) headers['impersonate-group'] = groups;
  for (const [name, values] of Object.entries(extra)) {
    headers[`impersonate-extra-${encodeURIComponent(name.toLowerCase())}`] = values;
  }
  return headers;
}

function merge(identity: Identity, headers: Identity['headers']): Identity {
  return { ...identity, headers: { ...identity.headers, ...headers } };
}

/** What cannot stand in a header would be refused at the first request, in words that name no kubeconfig. */
function sendable(user: UserEntry, identity: Identity): Identity {
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

function unusable(user: UserEntry, reason: string, cause?: unknown): MirrordError {
  const message = `kubeconfig ${user.file}, line ${user.line}: user "${user.name}": ${reason}`;
  return new MirrordError('usage', 'credentials-unreadable', message, {
    help: 'Log in again, or download the kubeconfig again.',
    cause,
  });
}
