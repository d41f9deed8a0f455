/**
 * The legacy form, `v4.channel.k8s.io` with binary frames, which every version in use understands: the first byte of a
 * message is its channel, 2n for the data of the n-th port and 2n+1 for its errors; the first message on each channel is
 * the port's number, 16 bits, little-endian (k8s.io/kubelet, pkg/cri/streaming/portforward/websocket.go).
 */
import type { Frame, Framing } from './framing.ts';

export const CHANNELS_PROTOCOL = 'v4.channel.k8s.io';

/** One port is asked for, so these are the only channels. */
const DATA = 0;
const ERROR = 1;
const DATA_HEAD = Buffer.from([DATA]);

export class ChannelFraming implements Framing {
  readonly opening = null;
  readonly #port: number;
  readonly #opened = [false, false];

  constructor(port: number) {
    this.#port = port;
  }

  head(): Buffer {
    return DATA_HEAD;
  }

  read(message: Buffer, take: (frame: Frame) => void): void {
    const channel = message[0];
    if (channel === undefined) return;
    if (channel !== DATA && channel !== ERROR) return take({ kind: 'malformed', reason: `channel ${channel}` });
    if (!this.#opened[channel]) {
      if (message.length !== 3 || message.readUInt16LE(1) !== this.#port) {
        const reason = `channel ${channel} begins with ${message.length - 1} bytes, not its port`;
        return take({ kind: 'malformed', reason });
      }
      this.#opened[channel] = true;
      if (channel === DATA) take({ kind: 'ready' });
      return;
    }
    if (message.length === 1) return;
    const payload = message.subarray(1);
    take(channel === DATA ? { kind: 'data', payload } : { kind: 'error', text: payload.toString('utf8') });
  }
}
