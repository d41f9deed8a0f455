/**
 * How the agent gets into a container that has only Node: its bundle travels compressed in one environment variable,
 * and `node -e` unpacks and runs it.  Nothing is written, so a read-only root and any user will do.
 */
import { gzipSync } from 'node:zlib';
import { DATA_PATH_FLAGS } from '../node-flags.ts';
import { RESUME_LIMIT_MS } from '../tunnel/limits.ts';

/** AbortSignal.any came with 20.3; nothing before 20.12 has been tried. */
export const OLDEST_NODE: readonly [major: number, minor: number] = [20, 12];

/** The kernel's MAX_ARG_STRLEN (linux/binfmts.h), bytes, for one `NAME=value` with its final zero. */
export const VARIABLE_LIMIT = 131_072;

export const BUNDLE_VARIABLE = 'MIRRORD_AGENT';

/** EX_UNAVAILABLE of sysexits.h. */
export const EXIT_TOO_OLD = 69;

/** ECMAScript 5, since an old Node has to come as far as saying that it is too old. */
const LOADER = `
var v = process.versions.node.split('.').map(Number);
if (v[0] < ${OLDEST_NODE[0]} || (v[0] === ${OLDEST_NODE[0]} && v[1] < ${OLDEST_NODE[1]})) {
  console.log(JSON.stringify({ event: 'refused', message: 'the image has Node ' + process.versions.node
    + '; the agent needs ${OLDEST_NODE.join('.')} or newer' }));
  process.exit(${EXIT_TOO_OLD});
}
var code = require('zlib').gunzipSync(Buffer.from(process.env.${BUNDLE_VARIABLE}, 'base64')).toString();
delete process.env.${BUNDLE_VARIABLE};
require('vm').runInThisContext('(function(require){' + code + '\\n})', { filename: 'mirrord-agent.cjs' })(require);
`;

/** The container's memory limit is 256 MB: what is not collected by then must be. */
const NODE_FLAGS = [...DATA_PATH_FLAGS, '--max-old-space-size=192'];

/** What a pod spec needs to run the agent. */
export interface AgentProgram {
  /** For a container's `command`; `node` is found by PATH. */
  readonly command: readonly string[];
  /** The container's environment; `ports` are tried in this order. */
  env(ports: readonly number[], publicKey: string, logLevel: string): Readonly<Record<string, string>>;
}

/** `bundle` is dist/agent.cjs; the agent waits `resumeLimitMs` for its client.  Throws when it has outgrown one environment variable. */
export function agentProgram(bundle: Uint8Array, resumeLimitMs = RESUME_LIMIT_MS): AgentProgram {
  const value = gzipSync(bundle, { level: 9 }).toString('base64');
  if (`${BUNDLE_VARIABLE}=${value}\0`.length > VARIABLE_LIMIT) {
    throw new Error(`the agent's bundle takes ${value.length} bytes, more than one variable holds`);
  }
  return {
    command: ['node', ...NODE_FLAGS, '-e', LOADER],
    env: (ports, publicKey, logLevel) => ({
      [BUNDLE_VARIABLE]: value,
      MIRRORD_PUBLIC_KEY: publicKey,
      MIRRORD_LISTEN: `tcp:127.0.0.1:${ports.join(',')}`,
      MIRRORD_LOG_LEVEL: logLevel,
      MIRRORD_RESUME_MS: String(resumeLimitMs),
      // An image may bring its own (a tracer's --require), meant for another program.
      NODE_OPTIONS: '',
    }),
  };
}
