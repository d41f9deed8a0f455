/** The agent's end of one multiplexer: what the client opens becomes calls of the service. */
import type { ByteStream } from '../connection/byte-stream.ts';
import { toErrno } from '../mux/errno.ts';
import { Mux } from '../mux/mux.ts';
import type { MuxDatagrams } from '../mux/datagrams.ts';
import { KIND, type Opening } from './opening.ts';
import type { PeerDatagrams, PendingFlow, TunnelService } from './service.ts';
import { encodeEnvironment, type TargetContainer } from './target-container.ts';
import type { DialErrno } from '../mux/flow.ts';

const NOTHING = Buffer.alloc(0);
/** Tells sessions apart. */
let sessions = 0;

/** `broken` is called when the client speaks something else. */
export function serve(stream: ByteStream, service: TunnelService, broken: (reason: string) => void): Mux {
  const session = sessions++;
  const mux: Mux = new Mux(stream, false, {
    opened: (id, opening) => open(mux, session, id, opening, service),
    broken,
  });
  return mux;
}

function open(mux: Mux, session: number, id: number, { kind, port, body }: Opening, service: TunnelService): void {
  const host = (): string => body.toString('latin1');
  switch (kind) {
    case KIND.tcp:
      return service.tcp(Object.assign(mux.acceptStream(id), pending(mux, id, host(), port)));
    case KIND.udp: {
      const [name = '', ...socket] = host().split(' ');
      const flow = Object.assign(mux.acceptDatagrams(id), pending(mux, id, name, port));
      return service.udp(Object.assign(peer(mux, flow), { socket: `${session} ${socket.join(' ')}` }));
    }
    case KIND.answer:
      // Only the agent hears peers.
      mux.acceptDatagrams(id);
      return mux.refuse(id, 'EACCES');
    case KIND.resolve:
      // Copied: the question outlives the read that it came in.
      return answer(mux, id, async (signal) => service.resolve(Buffer.from(body), signal));
    case KIND.probe:
      return answer(mux, id, async (signal) => {
        const outcome = await service.probe(host(), signal);
        return outcome.ok ? NOTHING : Buffer.from(outcome.errno);
      });
    case KIND.info:
      return answer(mux, id, async () => Buffer.from(JSON.stringify(service.info())));
    case KIND.environment: {
      const question = body.toString();
      return answer(mux, id, async () => {
        // The client is of our own release: the hello has compared versions.
        const container: TargetContainer = JSON.parse(question);
        return encodeEnvironment(await service.environment(container));
      });
    }
  }
}

function pending(mux: Mux, id: number, host: string, port: number): PendingFlow {
  return {
    host,
    port,
    accept: () => mux.accepted(id),
    refuse: (errno: DialErrno) => mux.refuse(id, errno),
  };
}

/** Adds the way by which more ports of a peer's host become flows. */
function peer<F extends MuxDatagrams & Pick<PeerDatagrams, 'accept' | 'refuse'>>(mux: Mux, flow: F): F & PeerDatagrams {
  const answerFrom = (port: number): PeerDatagrams | null => {
    const answered = mux.openAnswer(flow, port);
    // Nothing waits for the outcome.
    const told = { accept: () => undefined, refuse: (errno: DialErrno) => answered?.fail(errno) };
    return answered === null ? null : peer(mux, Object.assign(answered, told));
  };
  return Object.assign(flow, { answerFrom });
}

function answer(mux: Mux, id: number, find: (signal: AbortSignal) => Promise<Uint8Array>): void {
  find(mux.acceptQuestion(id)).then(
    (body) => mux.answer(id, body),
    (error: unknown) => mux.refuse(id, toErrno(error)),
  );
}
