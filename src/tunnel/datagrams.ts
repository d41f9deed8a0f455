/** One HTTP/2 stream that carries datagrams as capsules: the same at both ends. */
import { constants } from 'node:http2';
import type { Http2Stream } from 'node:http2';
import { CapsuleDecoder, datagramCapsule, errnoCapsule } from './capsule.ts';
import { parseErrno } from './errno.ts';
import { DATAGRAM_LIMIT, DATAGRAM_QUEUE_LIMIT } from './limits.ts';
import type { DialErrno, FlowDatagrams } from './tunnel.ts';

const nothing = (): void => {};

export class Http2Datagrams implements FlowDatagrams {
  onDatagram: (payload: Uint8Array) => void = nothing;
  onClosed: (errno: DialErrno | null) => void = nothing;
  readonly #stream: Http2Stream;
  #over = false;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
    const decoder = new CapsuleDecoder({
      datagram: (payload) => {
        if (!this.#over) this.onDatagram(payload);
      },
      errno: (name) => this.#closed(parseErrno(name)),
    });
    stream.on('data', (chunk: Buffer) => {
      if (!this.#over && !decoder.push(chunk)) {
        stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
        this.#closed(null);
      }
    });
    stream.on('end', () => this.#closed(null));
    stream.on('close', () => this.#closed(null));
    // 'close' follows and says all that matters.
    stream.on('error', nothing);
  }

  send(payload: Uint8Array): void {
    const stream = this.#stream;
    if (this.#over || stream.writableEnded || payload.length > DATAGRAM_LIMIT) return;
    if (stream.writableLength + payload.length > DATAGRAM_QUEUE_LIMIT) return;
    stream.write(datagramCapsule(payload));
  }

  close(): void {
    this.#over = true;
    this.#stream.end();
    this.#stream.resume();
  }

  fail(errno: DialErrno): void {
    if (this.#over || this.#stream.writableEnded) return;
    this.#over = true;
    this.#stream.end(errnoCapsule(errno));
    this.#stream.resume();
  }

  #closed(errno: DialErrno | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream.end();
    this.onClosed(errno);
  }
}
