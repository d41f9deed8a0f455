/** The near end: `createTunnel` dials, says hello, and opens flows and questions on the multiplexer. */
import { ByteStream } from '../connection/byte-stream.ts';
import { parseErrno } from '../mux/errno.ts';
import { createSessionId } from '../connection/hello.ts';
import type { TunnelKey } from '../connection/key.ts';
import { ANSWER_LIMIT_MS } from '../mux/limits.ts';
import { RESUME_LIMIT_MS } from '../connection/limits.ts';
import { Mux } from '../mux/mux.ts';
import { KIND, type Kind, type Opening } from './opening.ts';
import { Pauses, connect, reconnect } from '../connection/redial.ts';
import { decodeEnvironment, type ProcessEnvironment, type TargetContainer } from './target-container.ts';
import type { AgentInfo, Tunnel, TunnelEvents, TunnelOptions } from './tunnel.ts';
import type { Dial } from '../connection/dial.ts';
import type { DialOutcome, TunnelDatagrams, TunnelStream } from '../mux/flow.ts';

/** Rejects with a MirrordError when the agent refuses, with the dial's own error when it cannot be reached. */
export async function createTunnel(
  dial: Dial,
  key: TunnelKey,
  options: TunnelOptions,
  events: TunnelEvents,
): Promise<Tunnel> {
  const ended = new AbortController();
  const signal = options.signal === undefined ? ended.signal : AbortSignal.any([ended.signal, options.signal]);
  const limitMs = options.resumeLimitMs ?? RESUME_LIMIT_MS;
  const pauses = new Pauses();
  let ready = false;

  const die = (reason: string): void => {
    if (ended.signal.aborted) return;
    ended.abort(new Error(reason));
    stream.destroy();
    // Told first: whoever hears of a flow's end then knows already that it was the tunnel's.
    if (ready) events.dead(reason);
    mux.close();
  };
  const stream = new ByteStream({
    lost(reason) {
      const tell = (why: string): void => {
        if (ready) events.lost(why);
      };
      tell(reason);
      reconnect(connectable, { limitMs, pauses, failed: tell }, ended.signal).then(
        () => {
          tunnel.resumes++;
          if (ready) events.resumed();
        },
        (error: unknown) => die(error instanceof Error ? error.message : String(error)),
      );
    },
    closed: (reason) => die(`the agent ended the session: ${reason}`),
  });
  const connectable = { stream, dial, key: key.privateKey, agent: { publicKey: null }, session: createSessionId() };
  const mux: Mux = new Mux(stream, true, {
    opened: (id, opening) => takeAnswer(mux, id, opening),
    broken: (reason) => {
      void stream.farewell(reason);
      die(reason);
    },
  });
  const tunnel = new MuxTunnel(mux, stream, pauses, () => {
    ended.abort(new Error('closed'));
  });

  await connect(connectable, signal);
  // The agent may have ended the session in the chunk that welcomed us, when there was nobody to tell yet.
  ended.signal.throwIfAborted();
  ready = true;
  return tunnel;
}

/** All that an agent may open: a peer has answered from another port. */
function takeAnswer(mux: Mux, id: number, { kind, port, body }: Opening): void {
  const asked = kind === KIND.answer ? mux.datagrams(body.readUInt32BE(0)) : undefined;
  const flow = mux.acceptDatagrams(id);
  if (asked === undefined) mux.refuse(id, 'EACCES');
  else asked.onAnswer(port, flow);
}

class MuxTunnel implements Tunnel {
  resumes = 0;
  readonly #mux: Mux;
  readonly #stream: ByteStream;
  readonly #pauses: Pauses;
  #heard: Promise<boolean> | undefined;
  readonly #closed: () => void;

  constructor(mux: Mux, stream: ByteStream, pauses: Pauses, closed: () => void) {
    this.#mux = mux;
    this.#stream = stream;
    this.#pauses = pauses;
    this.#closed = closed;
  }

  connect(host: string, port: number): TunnelStream {
    const { stream, opened } = this.#mux.openStream(KIND.tcp, host, port);
    return Object.assign(stream, { opened });
  }

  datagrams(host: string, port: number, socket: string): TunnelDatagrams {
    const { datagrams, opened } = this.#mux.openDatagrams(KIND.udp, `${host} ${socket}`, port);
    return Object.assign(datagrams, { opened });
  }

  resolve(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#ask(KIND.resolve, message, signal);
  }

  /** The answer is an errno's name, or nothing when the host is there. */
  async probe(host: string): Promise<DialOutcome> {
    const errno = await this.#ask(KIND.probe, host, AbortSignal.timeout(ANSWER_LIMIT_MS));
    return errno.length === 0 ? { ok: true } : { ok: false, errno: parseErrno(errno.toString('latin1')) };
  }

  async info(): Promise<AgentInfo> {
    const body = await this.#ask(KIND.info, '', AbortSignal.timeout(ANSWER_LIMIT_MS));
    // The agent is of our own release (the hello has compared versions), and proved by where it runs.
    const info: AgentInfo = JSON.parse(body.toString());
    return info;
  }

  async environment(container: TargetContainer): Promise<ProcessEnvironment> {
    const question = JSON.stringify(container);
    return decodeEnvironment(await this.#ask(KIND.environment, question, AbortSignal.timeout(ANSWER_LIMIT_MS)));
  }

  ping(): Promise<number> {
    return this.#mux.ping();
  }

  pathChanged(): void {
    this.#stream.doubt();
    this.#pauses.cut();
  }

  close(): void {
    void this.goodbye();
  }

  goodbye(): Promise<boolean> {
    this.#heard ??= this.#end();
    return this.#heard;
  }

  #end(): Promise<boolean> {
    this.#closed();
    const heard = this.#stream.farewell('the client closed the tunnel');
    this.#stream.destroy();
    this.#mux.close();
    return heard;
  }

  async #ask(kind: Kind, body: string | Uint8Array, signal: AbortSignal): Promise<Buffer> {
    const answer = await this.#mux.ask(kind, body, signal);
    if (typeof answer === 'string') throw new Error(`the agent could not answer: ${answer}`);
    return answer;
  }
}
