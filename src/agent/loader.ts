/**
 * How the agent gets into a container that has only Node.
 *
 * An ephemeral container stays in its pod's object for ever, so the spec carries as little as it can: a loader, the
 * SHA-256 of the agent's code, and the client's public key.  The loader listens on the pod's loopback; the code comes by
 * the first port-forward (delivery.ts) and runs only when its hash is the one in the spec, which is thus all that an
 * auditor has to know (`mirrord agent-code` prints the code).  Nothing is written, so a read-only root and any user
 * will do.
 *
 * Any process in the pod can connect to the loader.  Whatever such a neighbour sends, only the code with that hash runs;
 * what one connection can make it hold is the length of the code; and of too many connections the oldest goes, so that
 * idle ones keep no client out.
 */
import { constants, gzipSync } from 'node:zlib';
import { DATA_PATH_FLAGS } from '../node-flags.ts';
import { RESUME_LIMIT_MS } from '../connection/limits.ts';
import type { Dial } from '../connection/dial.ts';
import { OLDEST_BOOTABLE, bootArguments, isBootable } from './boot.ts';
import { codeHash } from './code-hash.ts';
import { CODE_WANTED, delivering } from './delivery.ts';

/** crypto.hash came with 20.12. */
const OLDEST_NODE: readonly [major: number, minor: number] = [20, 12];

/**
 * After so long without code the loader ends, ms.  The client dials as soon as the log says that it listens, and gives
 * up after a third of this.
 */
const CODE_LIMIT_MS = 60_000;

/** Connections at once while there is no code yet: below the 1024 descriptors that a container has at the least. */
const CONNECTION_LIMIT = 512;

/**
 * Short, since every pod carries it: after -e, Node's own modules are variables.  Old Nodes must come as far as telling
 * their version, hence no syntax newer than ECMAScript 2015.  A container's first process ignores SIGTERM that it has no
 * handler for.  What the loader hands over is in loaded.ts.
 */
const LOADER = `const [,sum,size]=process.argv,held=[],late=setTimeout(process.exit,${CODE_LIMIT_MS}),server=net.createServer(socket=>{
let code=Buffer.alloc(+size),had=0
if(held.push(socket)>${CONNECTION_LIMIT})held.shift().destroy()
socket.on('error',()=>0).on('data',data=>{
if((had+=data.copy(code,had))<size)return
try{code=zlib.gunzipSync(code)}catch(e){}
if(crypto.hash('sha256',code)==sum)Function('loader',code)({server,socket,held,late})
else socket.destroy()
}).write('${CODE_WANTED}')
}).listen(0,'127.0.0.1',()=>console.log(JSON.stringify({event:'listening',port:server.address().port,node:process.version})))
process.once('SIGTERM',()=>process.exit())`;

/** The container's memory limit is 256 MB: what is not collected by then must be. */
const NODE_FLAGS = [...DATA_PATH_FLAGS, '--max-old-space-size=192'];

/** What a pod spec needs to run the agent, and a client to use it. */
export interface AgentProgram {
  /** For a container's `command`; `node` is found by PATH.  ARGUMENTS of settings.ts follow the loader's own two. */
  command(publicKey: string, logLevel: string): readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Why it cannot run on a Node of that version (`v24.1.0`), in plain words; null when it can. */
  readonly refuses: (node: string) => string | null;
  /** Dials as `dial` does, and gives the code to an agent that has not had it. */
  delivering(dial: Dial): Dial;
}

/** `code` is dist/agent.cjs; the agent waits `resumeLimitMs` for a client that it has lost. */
export function agentProgram(code: Uint8Array, resumeLimitMs = RESUME_LIMIT_MS): AgentProgram {
  return {
    ...parts(code),
    command: (publicKey, logLevel) => ['node', ...loaded(code, publicKey, resumeLimitMs, logLevel)],
    refuses: (node) =>
      isTooOld(...versionOf(node)) ? tooOld(node, `the agent needs ${OLDEST_NODE.join('.')} or newer`) : null,
  };
}

/** The same for the agent of incoming traffic; `launchers` by processor, as `process.arch` names them. */
export function incomingProgram(
  code: Uint8Array,
  launchers: ReadonlyMap<string, Uint8Array>,
  resumeLimitMs = RESUME_LIMIT_MS,
): AgentProgram {
  const boot = bootArguments(launchers);
  return {
    ...parts(code),
    command: (publicKey, logLevel) => ['node', ...boot, ...loaded(code, publicKey, resumeLimitMs, logLevel), INCOMING],
    refuses: (node) =>
      isBootable(...versionOf(node))
        ? null
        : tooOld(node, `the agent for incoming traffic needs ${OLDEST_BOOTABLE} or newer`),
  };
}

/** Value of MIRRORD_ROLE (settings.ts). */
const INCOMING = 'incoming';

/** What follows `node`: its flags, the loader, and what the loader and the agent are told. */
function loaded(code: Uint8Array, publicKey: string, resumeLimitMs: number, logLevel: string): readonly string[] {
  const { length } = pack(code);
  return [...NODE_FLAGS, '-e', LOADER, codeHash(code), String(length), publicKey, String(resumeLimitMs), logLevel];
}

function parts(code: Uint8Array): Pick<AgentProgram, 'env' | 'delivering'> {
  const packed = pack(code);
  return {
    // An image may bring its own (a tracer's --require), meant for another program.
    env: { NODE_OPTIONS: '' },
    delivering: (dial) => delivering(dial, packed),
  };
}

const pack = (code: Uint8Array): Buffer => gzipSync(code, { level: constants.Z_BEST_COMPRESSION });

const tooOld = (node: string, needs: string): string => `the image has Node ${node.replace(/^v/, '')}; ${needs}`;

function versionOf(node: string): readonly [major: number, minor: number] {
  const [major = 0, minor = 0] = node.replace(/^v/, '').split('.').map(Number);
  return [major, minor];
}

function isTooOld(major: number, minor: number): boolean {
  return major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
}
