/**
 * What a client says first, read ahead to tell probes of the kubelet's from everything else: the program here must not
 * answer for the health of the pod, and a pod must not be restarted because somebody stands at a breakpoint.
 *
 * The kubelet's HTTP probes say who they are (`User-Agent: kube-probe/1.34`, pkg/probe/http/request.go), and open a
 * connection each.
 */
import type { Socket } from 'node:net';
import { PROBE_HEAD_BYTES, PROBE_HEAD_MS } from './limits.ts';

const METHOD = Buffer.from('GET ');
const HEAD_END = '\r\n\r\n';
const PROBE = /\r\nuser-agent: *kube-probe\//i;

export type Verdict = 'probe' | 'other';

/** Null: more is needed. */
export function judge(head: Buffer): Verdict | null {
  const length = Math.min(head.length, METHOD.length);
  if (!head.subarray(0, length).equals(METHOD.subarray(0, length))) return 'other';
  const text = head.toString('latin1', 0, PROBE_HEAD_BYTES);
  const end = text.indexOf(HEAD_END);
  // The blank line's own first line break is the last header's end.
  if (end >= 0 || head.length >= PROBE_HEAD_BYTES)
    return PROBE.test(end < 0 ? text : text.slice(0, end)) ? 'probe' : 'other';
  return null;
}

/** Reads the socket until it knows; from `take` on the socket is the caller's again. */
export class FirstBytes {
  readonly verdict: Promise<Verdict>;
  readonly #socket: Socket;
  readonly #decide: (verdict: Verdict) => void;
  #bytes: Buffer = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket) {
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    this.#socket = socket;
    this.verdict = promise;
    this.#decide = resolve;
    socket.on('readable', this.#read).on('end', this.#over).on('close', this.#over);
  }

  /** Everything that has been read. */
  take(): Buffer {
    clearTimeout(this.#timer);
    this.#socket.off('readable', this.#read).off('end', this.#over).off('close', this.#over);
    return this.#bytes;
  }

  readonly #read = (): void => {
    const chunk: Buffer | null = this.#socket.read();
    if (chunk === null) return;
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#timer ??= setTimeout(this.#over, PROBE_HEAD_MS);
    const verdict = judge(this.#bytes);
    if (verdict !== null) this.#decide(verdict);
  };

  readonly #over = (): void => this.#decide('other');
}
