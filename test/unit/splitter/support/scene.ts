/** A connection that is being split in memory: client, main sides and picked sides, in the order in which they are dialled. */
import { compileFilter } from '../../../../src/http-filter/index.ts';
import type { FilterSpec } from '../../../../src/http-filter/index.ts';
import { splitConnection } from '../../../../src/splitter/index.ts';
import type { FailureEvent, RequestEvent, Split, SplitOptions } from '../../../../src/splitter/index.ts';
import { Peer } from './peer.ts';

export interface SceneOptions {
  readonly filter?: FilterSpec;
  readonly fallback?: SplitOptions['fallback'];
  readonly main?: (peer: Peer) => void;
  readonly picked?: (peer: Peer) => void;
  /** How long a dial of the picked side takes. */
  readonly dialled?: Promise<void>;
  /** Instead of a picked side: why there is none. */
  readonly refusal?: () => string | undefined;
}

export class Scene {
  readonly client = new Peer();
  readonly mains: Peer[] = [];
  readonly picks: Peer[] = [];
  readonly requests: RequestEvent[] = [];
  readonly failures: FailureEvent[] = [];
  over = 0;
  readonly split: Split;

  constructor(options: SceneOptions = {}) {
    this.split = splitConnection({
      client: this.client.pipe,
      dialMain: () => {
        const peer = new Peer(options.main);
        this.mains.push(peer);
        return peer.pipe;
      },
      dialPicked: async () => {
        await options.dialled;
        const refusal = options.refusal?.();
        if (refusal !== undefined) throw new Error(refusal);
        const peer = new Peer(options.picked);
        this.picks.push(peer);
        return peer.pipe;
      },
      filter: compileFilter(options.filter ?? { all_of: [{ header: '^x-user: alice$' }] }),
      fallback: options.fallback ?? 'error',
      onRequest: (event) => this.requests.push(event),
      onFailure: (event) => this.failures.push(event),
      onOver: () => this.over++,
    });
  }

  get main(): Peer {
    return this.mains.at(-1) as Peer;
  }

  get picked(): Peer {
    return this.picks.at(-1) as Peer;
  }
}

/** A server that answers every request of `GET` or `POST` without looking at bodies: `#1`, `#2`... with a name before. */
export function answering(name: string): (peer: Peer) => void {
  const answered = new WeakMap<Peer, number>();
  return (peer) => {
    const asked = peer.received.match(/[A-Z]+ \S+ HTTP\/1\.[01]\r\n/g)?.length ?? 0;
    for (let count = (answered.get(peer) ?? 0) + 1; count <= asked; count++) {
      answered.set(peer, count);
      const body = `${name}${count}`;
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    }
  };
}

export const PLAIN = 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n';
export const ALICE = 'GET /alice HTTP/1.1\r\nHost: a\r\nX-User: alice\r\n\r\n';
