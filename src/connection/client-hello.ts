/**
 * The client's side of the hello, on one fresh transport.
 *
 * The agent is trusted on first use: the key that it proves in its first welcome is the one that every later transport of
 * the same stream has to prove, so that whatever listens on its port after its death is found out.  That the first one is
 * the agent follows from what started it: nothing else was told to listen there.
 */
import type { KeyObject } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { MirrordError } from '../errors.ts';
import { FRAME, controlFrame } from './frame.ts';
import { REFUSAL, createProof, readChallenge, readRefusal, readWelcome } from './hello.ts';
import type { Challenge } from './hello.ts';
import { HELLO_LIMIT_MS, PROTOCOL_VERSION } from './limits.ts';
import { Link } from './link.ts';
import type { LinkOwner } from './link.ts';

export interface Resumption {
  readonly session: string;
  readonly resume: boolean;
  readonly received: number;
}

/** The agent of one stream, as far as it is known. */
export interface KnownAgent {
  /** As in `TunnelKey`; null before the first welcome. */
  publicKey: string | null;
}

/** The agent has said no: another attempt would end the same way. */
export class Refused extends MirrordError {}

/**
 * Says hello on `transport`.  `welcomed` takes the link over in the same turn, since the stream's first bytes may
 * follow in the same chunk; it returns false when the agent's offset makes no sense.  Rejects with `Refused` when the
 * agent refuses for good, or is another than `agent`, with any other error when the transport failed; the transport is then destroyed.
 */
export function sayHello(
  transport: Duplex,
  key: KeyObject,
  agent: KnownAgent,
  resumption: Resumption,
  welcomed: (link: Link, peerReceived: number, roundTripMs: number) => boolean,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let said: { readonly challenge: Challenge; readonly proof: Buffer; readonly at: number } | null = null;
    const settle = (): void => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', aborted);
    };
    const fail = (error: unknown): void => {
      settle();
      link.destroy();
      reject(error);
    };
    const aborted = (): void => fail(signal.reason);
    const owner: LinkOwner = {
      data: () => fail(notOurs('data before the hello')),
      malformed: () => fail(notOurs('a frame that is too long')),
      lost: (reason) => fail(new Error(`connection lost before the agent had answered: ${reason}`)),
      control(type, payload) {
        if (type === FRAME.challenge && said === null) {
          const challenge = readChallenge(payload);
          if (challenge === null) return fail(notOurs('it sent no mirrord greeting'));
          if (challenge.version !== PROTOCOL_VERSION) return fail(otherVersion(challenge.version));
          if (agent.publicKey !== null && agent.publicKey !== challenge.agent)
            return fail(notOurs('it has another key'));
          const proof = createProof({ ...resumption, version: PROTOCOL_VERSION }, challenge.payload, key);
          said = { challenge, proof, at: performance.now() };
          return link.send(controlFrame(FRAME.proof, proof));
        }
        if (type === FRAME.refusal) {
          const { code, text } = readRefusal(payload);
          return fail(refusalError(code, text));
        }
        if (type !== FRAME.welcome || said === null) return fail(notOurs(`frame ${type} in the hello`));
        const received = readWelcome(payload, said.challenge, said.proof);
        if (received === null) return fail(notOurs('it does not prove its key'));
        settle();
        agent.publicKey = said.challenge.agent;
        if (welcomed(link, received, performance.now() - said.at)) return resolve();
        fail(notOurs('an offset that was never sent'));
      },
    };
    const link = new Link(transport, owner);
    const deadline = setTimeout(
      () => fail(new Error(`the agent did not answer within ${HELLO_LIMIT_MS / 1000} s`)),
      HELLO_LIMIT_MS,
    );
    if (signal.aborted) return aborted();
    signal.addEventListener('abort', aborted);
  });
}

function notOurs(what: string): Refused {
  return new Refused('agent', 'tunnel-not-an-agent', `What answered is not the mirrord agent (${what}).`, {
    help: "Another program may be listening on the agent's port; run `mirrord up` again.",
  });
}

function otherVersion(version: number): Refused {
  return new Refused(
    'agent',
    'tunnel-version',
    `The agent speaks version ${version} of the tunnel's protocol; this mirrord speaks ${PROTOCOL_VERSION}.`,
    { help: 'The agent was started by another release. Run `mirrord down`, then `mirrord up` again.' },
  );
}

function refusalError(code: number, text: string): Error {
  if (code === REFUSAL.timeout || code === REFUSAL.busy) return new Error(`the agent refused for now: ${text}`);
  const options = { help: 'Run `mirrord up` again; it starts an agent of its own.' };
  if (code === REFUSAL.version) {
    return new Refused(
      'agent',
      'tunnel-version',
      `The agent refused this client's protocol version: ${text}.`,
      options,
    );
  }
  if (code === REFUSAL.key) {
    return new Refused('agent', 'tunnel-key', `The agent does not know this client's key: ${text}.`, options);
  }
  if (code === REFUSAL.unknownSession) {
    return new Refused('agent', 'tunnel-session-lost', `The agent no longer holds this session: ${text}.`, options);
  }
  return new Refused('agent', 'tunnel-refused', `The agent refused the connection: ${text}.`, options);
}
