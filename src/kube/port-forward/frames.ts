/**
 * Port-forward over WebSocket in its legacy form, `v4.channel.k8s.io` with binary frames: the first byte of a message is
 * its channel, 2n for the data of the n-th port and 2n+1 for its errors; the first message on each channel is the port's
 * number, 16 bits, little-endian (k8s.io/kubelet, pkg/cri/streaming/portforward/websocket.go).
 */

/** One port is asked for, so these are the only channels. */
export const DATA = 0;
export const ERROR = 1;

/** Text form would be `v4.base64.channel.k8s.io`. */
export const SUBPROTOCOL = 'v4.channel.k8s.io';

/** What one message means. */
export type Frame =
  | { readonly kind: 'data'; readonly payload: Buffer }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'ready' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'malformed'; readonly reason: string };

const IGNORED: Frame = { kind: 'ignored' };
const READY: Frame = { kind: 'ready' };

/** Reads one connection's messages in order. */
export class FrameReader {
  readonly #port: number;
  readonly #opened = [false, false];

  constructor(port: number) {
    this.#port = port;
  }

  read(message: Buffer): Frame {
    const channel = message[0];
    if (channel === undefined) return IGNORED;
    if (channel !== DATA && channel !== ERROR) return { kind: 'malformed', reason: `channel ${channel}` };
    if (!this.#opened[channel]) {
      if (message.length !== 3 || message.readUInt16LE(1) !== this.#port) {
        return {
          kind: 'malformed',
          reason: `channel ${channel} begins with ${message.length - 1} bytes, not its port`,
        };
      }
      this.#opened[channel] = true;
      return channel === DATA ? READY : IGNORED;
    }
    if (message.length === 1) return IGNORED;
    const payload = message.subarray(1);
    return channel === DATA ? { kind: 'data', payload } : { kind: 'error', text: payload.toString('utf8') };
  }
}

/** One data message of `chunks`, whose lengths add up to `length`. */
export function dataMessage(chunks: readonly Uint8Array[], length: number): Buffer {
  const message = Buffer.allocUnsafe(1 + length);
  message[0] = DATA;
  let offset = 1;
  for (const chunk of chunks) {
    message.set(chunk, offset);
    offset += chunk.length;
  }
  return message;
}
