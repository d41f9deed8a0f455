/** The agent's end of one multiplexer: what the client opens becomes calls of the service. */
import type { ByteStream } from './byte-stream.ts';
import { toErrno } from './errno.ts';
import { Mux } from './mux.ts';
import { KIND, type Opening } from './mux-open.ts';
import type { PendingFlow, TunnelService } from './service.ts';
import { encodeEnvironment, type TargetContainer } from './target-container.ts';
import type { DialErrno } from './tunnel.ts';

const NOTHING = Buffer.alloc(0);

/** `broken` is called when the client speaks something else. */
export function serve(stream: ByteStream, service: TunnelService, broken: (reason: string) => void): Mux {
  const mux: Mux = new Mux(stream, false, {
    opened: (id, opening) => open(mux, id, opening, service),
    broken,
  });
  return mux;
}

function open(mux: Mux, id: number, { kind, port, body }: Opening, service: TunnelService): void {
  const host = (): string => body.toString('latin1');
  switch (kind) {
    case KIND.tcp:
      return service.tcp(Object.assign(mux.acceptStream(id), pending(mux, id, host(), port)));
    case KIND.udp:
      return service.udp(Object.assign(mux.acceptDatagrams(id), pending(mux, id, host(), port)));
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

function answer(mux: Mux, id: number, find: (signal: AbortSignal) => Promise<Uint8Array>): void {
  find(mux.acceptQuestion(id)).then(
    (body) => mux.answer(id, body),
    (error: unknown) => mux.refuse(id, toErrno(error)),
  );
}
