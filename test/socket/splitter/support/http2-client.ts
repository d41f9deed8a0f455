/** A client of HTTP/2 that tells all that became of a request. */
import { connect } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
  OutgoingHttpHeaders,
  SecureClientSessionOptions,
} from 'node:http2';
import { sha1 } from './http2-echo.ts';

export interface Outcome {
  readonly status: number | undefined;
  readonly side: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly interim: number;
  /** Of RST_STREAM. */
  readonly code: number | undefined;
}

export interface RequestOptions {
  readonly alice?: boolean;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer;
  readonly trailer?: string;
  /** Leaves the request without an end. */
  readonly isOpen?: boolean;
  /** Cancels the stream when so many bytes of the answer are there. */
  readonly cancelAt?: number;
  /** Called with each piece of the answer. */
  readonly onData?: () => void;
}

export class Http2Client implements Disposable {
  readonly session: ClientHttp2Session;
  /** `goaway 0 7`, `close`... */
  readonly events: string[] = [];

  constructor(port: number, options: SecureClientSessionOptions = {}) {
    this.session = connect(`http://127.0.0.1:${port}`, {
      maxHeaderListPairs: 2_000,
      maxSessionMemory: 1_000,
      maxSendHeaderBlockLength: 1 << 20,
      ...options,
    });
    this.session.on('error', () => this.events.push('error'));
    this.session.on('goaway', (code: number, last: number) => this.events.push(`goaway ${code} ${last}`));
    this.session.on('close', () => this.events.push('close'));
  }

  ask(path: string, options: RequestOptions = {}): Promise<Outcome> {
    const { alice = false, headers = {}, body, trailer, isOpen = false, cancelAt = Infinity, onData } = options;
    const hasBody = body !== undefined || isOpen;
    const fields: OutgoingHttpHeaders = { ':path': path, ':method': hasBody ? 'POST' : 'GET', ...headers };
    if (alice) fields['x-user'] = 'alice';
    const stream = this.session.request(fields, { endStream: !hasBody, waitForTrailers: trailer !== undefined });
    if (trailer !== undefined) stream.on('wantTrailers', () => stream.sendTrailers({ 'x-t': trailer }));
    if (isOpen) stream.write(body ?? '');
    else if (hasBody) stream.end(body);
    if (onData !== undefined) stream.on('data', onData);
    return outcomeOf(stream, cancelAt);
  }

  [Symbol.dispose](): void {
    this.session.destroy();
  }
}

function outcomeOf(stream: ClientHttp2Stream, cancelAt: number): Promise<Outcome> {
  return new Promise((resolve) => {
    let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
    let trailers: IncomingHttpHeaders = {};
    let interim = 0;
    let received = 0;
    const chunks: Buffer[] = [];
    stream.on('headers', () => interim++);
    stream.on('response', (fields) => (headers = fields));
    stream.on('trailers', (fields) => (trailers = fields));
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received >= cancelAt) stream.close(8);
    });
    stream.on('close', () =>
      resolve({
        status: headers[':status'],
        side: headers['x-side'] as string | undefined,
        headers,
        trailers,
        body: Buffer.concat(chunks),
        interim,
        code: stream.rstCode,
      }),
    );
  });
}

/** Whether the answer is whole: the hash in its trailers is that of its body. */
export function isWhole({ body, trailers }: Outcome): boolean {
  return trailers['x-sum'] === sha1(body);
}
