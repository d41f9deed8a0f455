/** The node's end of a port-forward, in either framing. */
import type { WebSocket } from 'ws';

export interface FarEnd {
  readonly socket: WebSocket;
  /** Says that the port is accepted. */
  confirm(): void;
  send(bytes: Uint8Array, sent?: () => void): void;
  fail(text: string): void;
  /** The program in the pod closed its connection. */
  end(): void;
  onBytes(take: (bytes: Buffer) => void): void;
}

export class ChannelFarEnd implements FarEnd {
  readonly socket: WebSocket;
  readonly #port: number;

  constructor(socket: WebSocket, port: number) {
    this.socket = socket;
    this.#port = port;
  }

  confirm(): void {
    for (const channel of [0, 1]) this.socket.send(Buffer.from([channel, this.#port & 0xff, this.#port >> 8]));
  }

  send(bytes: Uint8Array, sent?: () => void): void {
    this.socket.send(Buffer.concat([Buffer.from([0]), bytes]), () => sent?.());
  }

  fail(text: string): void {
    this.socket.send(Buffer.from(`\u0001${text}`));
  }

  end(): void {
    this.socket.close(1000);
  }

  onBytes(take: (bytes: Buffer) => void): void {
    this.socket.on('message', (message: Buffer) => take(message.subarray(1)));
  }
}

export class SpdyFarEnd implements FarEnd {
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    this.socket = socket;
  }

  confirm(): void {
    for (const stream of [1, 3])
      this.socket.send(Buffer.from([0x80, 3, 0, 2, 0, 0, 0, 8, 0, 0, 0, stream, 0, 0, 0, 0]));
  }

  send(bytes: Uint8Array, sent?: () => void): void {
    this.socket.send(frame(3, bytes, 0), () => sent?.());
  }

  fail(text: string): void {
    this.socket.send(frame(1, Buffer.from(text), 0));
  }

  end(): void {
    for (const stream of [3, 1]) this.socket.send(frame(stream, Buffer.alloc(0), 1));
  }

  /** The client puts one data frame into a message; its first message opens the streams. */
  onBytes(take: (bytes: Buffer) => void): void {
    this.socket.on('message', (message: Buffer) => {
      if (message.readUInt32BE(0) === 3) take(message.subarray(8));
    });
  }
}

function frame(stream: number, payload: Uint8Array, flags: number): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(stream, 0);
  header.writeUInt32BE(payload.length, 4);
  header[4] = flags;
  return Buffer.concat([header, payload]);
}
