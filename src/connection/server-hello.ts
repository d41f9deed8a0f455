/** The agent's side of the hello, on one fresh transport of a stranger. */
import type { KeyObject } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { FRAME, controlFrame } from './frame.ts';
import { REFUSAL, createChallenge, readProof, refusalFrame, welcomeFrame } from './hello.ts';
import type { Claim, RefusalCode } from './hello.ts';
import type { TunnelKey } from './key.ts';
import { HELLO_LIMIT_MS, PROTOCOL_VERSION } from './limits.ts';
import { Link } from './link.ts';

/** How long a refused client may take to read why, ms. */
const REFUSAL_GRACE_MS = 1_000;

const REASONS: Record<RefusalCode, string> = {
  [REFUSAL.malformed]: 'the first message was not a hello',
  [REFUSAL.version]: `the agent speaks version ${PROTOCOL_VERSION}`,
  [REFUSAL.key]: 'the signature does not fit the key in the pod spec',
  [REFUSAL.timeout]: 'the hello took too long',
  [REFUSAL.unknownSession]: 'it was lost for longer than the resume limit, or the agent was restarted',
  [REFUSAL.busy]: 'too many clients at once',
};

/** A client whose proof holds. */
export interface ProvenClient {
  readonly claim: Claim;
  readonly link: Link;
  readonly roundTripMs: number;
  /** Says how many bytes have come of the session, and proves the agent; the link's next user follows. */
  readonly welcome: (received: number) => void;
}

/** Which keys a hello is about. */
export interface HelloKeys {
  readonly client: KeyObject;
  readonly agent: TunnelKey;
}

export interface HelloOutcome {
  /** Takes the link over in the same turn, or says why not. */
  proven(client: ProvenClient): RefusalCode | null;
  refused(reason: string): void;
  /** Called once, whatever came of it. */
  over(): void;
}

/** Returns a function that ends the wait for a client that is slow, since others want to be heard. */
export function hearHello(transport: Duplex, { client, agent }: HelloKeys, outcome: HelloOutcome): () => void {
  const challenge = createChallenge(agent);
  const started = performance.now();
  const refuse = (code: RefusalCode): void => {
    clearTimeout(deadline);
    void link.finish(refusalFrame(code, REASONS[code]), REFUSAL_GRACE_MS);
    outcome.over();
    outcome.refused(REASONS[code]);
  };
  const deadline = setTimeout(() => refuse(REFUSAL.timeout), HELLO_LIMIT_MS);
  const link = new Link(transport, {
    data: () => refuse(REFUSAL.malformed),
    malformed: () => refuse(REFUSAL.malformed),
    lost: (reason) => {
      clearTimeout(deadline);
      outcome.over();
      outcome.refused(reason);
    },
    control(type, payload) {
      if (type !== FRAME.proof) return refuse(REFUSAL.malformed);
      const claim = readProof(payload, challenge, client);
      if (typeof claim === 'number') return refuse(claim);
      const code = outcome.proven({
        claim,
        link,
        roundTripMs: performance.now() - started,
        welcome: (received) => link.send(welcomeFrame(received, challenge, payload, agent)),
      });
      if (code !== null) return refuse(code);
      clearTimeout(deadline);
      outcome.over();
    },
  });
  link.send(controlFrame(FRAME.challenge, challenge));
  return () => {
    clearTimeout(deadline);
    // Without a word: what waits until a refusal has been read is one more that is open.
    link.destroy();
    outcome.over();
    outcome.refused(REASONS[REFUSAL.busy]);
  };
}
