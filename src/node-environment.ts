/**
 * The caller's environment and this tool's own Node.
 *
 * Node obeys variables that were meant for other programs: an editor's `NODE_OPTIONS=--require=...` runs code in every
 * command, in the root part too, or breaks it.  So `bin/mirrord` puts them aside under another name before Node starts,
 * and every environment that comes by another way is treated alike.  Programs that run for the caller get them back:
 * what `exec` starts, and credential plugins.
 */

/** `bin/mirrord` has the same list; a test compares. */
export const SET_ASIDE: readonly string[] = [
  // Options and code: what is loaded, and from where (`node --help`, "Environment variables").
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_PRESERVE_SYMLINKS',
  'NODE_PRESERVE_SYMLINKS_MAIN',
  'NODE_COMPILE_CACHE',
  'NODE_ICU_DATA',
  // The IPC channel and worker number of another process; what is not a descriptor of ours ends Node at its start.
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
  // Files that are written, as root too.
  'NODE_V8_COVERAGE',
  'NODE_REDIRECT_WARNINGS',
  // Words on standard error, credentials in the headers of requests among them.
  'NODE_DEBUG',
  'NODE_DEBUG_NATIVE',
  'NODE_PENDING_DEPRECATION',
  'DEBUG',
  // Trust and the way to the API server, for which this tool has settings of its own.
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'NODE_USE_ENV_PROXY',
  // OpenSSL loads modules by them, and a broken file ends Node at its start.
  'OPENSSL_CONF',
  'OPENSSL_MODULES',
  'OPENSSL_ENGINES',
  // Tuned for another program.
  'UV_THREADPOOL_SIZE',
  'UV_USE_IO_URING',
];
// Obeyed as before: NODE_EXTRA_CA_CERTS, NODE_USE_SYSTEM_CA, SSL_CERT_FILE and SSL_CERT_DIR (authorities that the user
// trusts), NODE_NO_WARNINGS and the variables of colour, which do no harm, and LD_*, which is every program's.

const PREFIX = 'MIRRORD_SET_ASIDE_';

/** For a Node of our own, which then is what it was built to be. */
export function setAside<T>(env: Readonly<Record<string, T>>): Record<string, T> {
  return renamed(env, (name) => [name, `${PREFIX}${name}`]);
}

/** As the caller had it. */
export function asCalled<T>(env: Readonly<Record<string, T>>): Record<string, T> {
  return renamed(env, (name) => [`${PREFIX}${name}`, name]);
}

function renamed<T>(env: Readonly<Record<string, T>>, names: (name: string) => [string, string]): Record<string, T> {
  const result: Record<string, T> = { ...env };
  for (const [from, to] of SET_ASIDE.map(names)) {
    const value = result[from];
    if (value === undefined) continue;
    result[to] = value;
    delete result[from];
  }
  return result;
}
