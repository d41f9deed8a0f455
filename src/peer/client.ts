/** The near end: `createTunnel` dials, says hello, and opens flows and questions on the multiplexer. */
import { ByteStream } from '../connection/byte-stream.ts';
import type { Dial } from '../connection/dial.ts';
import { createSessionId } from '../connection/hello.ts';
import type { TunnelKey } from '../connection/key.ts';
import { RESUME_LIMIT_MS } from '../connection/limits.ts';
import { Pauses, connect, reconnect } from '../connection/redial.ts';
import type { DialOutcome } from '../mux/flow.ts';
import type { Mux } from '../mux/mux.ts';
import type { AgentInfo } from './agent-info.ts';
import { clientServices } from './client-services.ts';
import type { ProcessEnvironment, TargetContainer } from './environment.ts';
import { type IncomingState, type IncomingWish, askIncoming } from './incoming.ts';
import { createPeer } from './peer.ts';
import { askEnvironment, askInfo, askNameServers, askProbe } from './question.ts';
import { type TunnelStream, connectTcp } from './tcp.ts';
import type { Tunnel, TunnelEvents, TunnelOptions } from './tunnel.ts';
import { type TunnelDatagrams, sendUdp } from './udp.ts';

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
    // Told first: a listener that hears of a flow's end then knows that it was the tunnel's.
    if (ready) events.dead(reason);
    mux.close();
  };
  const stream = new ByteStream({
    lost(reason) {
      const tell = (why: string, pauseMs: number | null): void => {
        if (ready) events.lost(why, pauseMs);
      };
      tell(reason, null);
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
  const mux = createPeer(stream, true, clientServices(options.deliver), (reason) => {
    void stream.farewell(reason);
    die(reason);
  });
  const tunnel = new MuxTunnel(mux, stream, pauses, () => {
    ended.abort(new Error('closed'));
  });

  await connect(connectable, signal);
  // The agent may have ended the session in the chunk that welcomed us, when there was no listener yet.
  ended.signal.throwIfAborted();
  ready = true;
  return tunnel;
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
    return connectTcp(this.#mux, host, port);
  }

  datagrams(host: string, port: number, socket: string): TunnelDatagrams {
    return sendUdp(this.#mux, host, port, socket);
  }

  resolve(message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return askNameServers(this.#mux, message, signal);
  }

  probe(host: string): Promise<DialOutcome> {
    return askProbe(this.#mux, host);
  }

  info(): Promise<AgentInfo> {
    return askInfo(this.#mux);
  }

  environment(container: TargetContainer): Promise<ProcessEnvironment> {
    return askEnvironment(this.#mux, container);
  }

  subscribe(wish: IncomingWish): Promise<IncomingState> {
    return askIncoming(this.#mux, wish);
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
}
