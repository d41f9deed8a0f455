/**
 * Gives the pure stack what it does not have: a clock, a timer, and the end of a turn.
 *
 * What is queued towards programs is flushed once, when the event loop's turn ends: the small chunks of one turn leave as
 * one super-segment, and acknowledgements leave behind what the batch has sent into the tunnel, with the window that this
 * has opened again.
 */
import { Stack, type FlowHandler, type StackCounters } from '../stack/index.ts';
import type { TunDevice } from '../tun/device.ts';

const now = (): number => performance.now();

/** Drawn many at a time: one draw takes as long as 64. */
const words = new Uint32Array(64);
let drawn = words.length;
const random = (): number => {
  if (drawn === words.length) {
    crypto.getRandomValues(words);
    drawn = 0;
  }
  return (words[drawn++] ?? 0) / 2 ** 32;
};

export class StackDriver {
  readonly #device: TunDevice;
  readonly #stack: Stack;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #flushQueued = false;
  #inBatch = false;
  #closed = false;

  constructor(device: TunDevice, handler: FlowHandler) {
    this.#device = device;
    this.#stack = new Stack(device, handler, { now, random, onOutput: () => this.#outputQueued() });
    device.onPackets = (batch) => {
      this.#inBatch = true;
      this.#stack.receive(batch);
      this.#inBatch = false;
      // Behind what the tunnel wants to do at the end of this turn.
      this.#outputQueued();
    };
  }

  get counters(): StackCounters {
    return this.#stack.counters;
  }

  /** Ends every flow, with word to its program; the device is read on. */
  endFlows(): void {
    this.#stack.close();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#device.close();
  }

  #outputQueued(): void {
    if (this.#flushQueued || this.#inBatch || this.#closed) return;
    this.#flushQueued = true;
    setImmediate(this.#turnEnds);
  }

  readonly #turnEnds = (): void => {
    this.#flushQueued = false;
    if (!this.#closed) this.#settle();
  };

  #settle(): void {
    this.#stack.flush();
    const at = this.#stack.nextWakeup() ?? Infinity;
    // An early wake-up is harmless, so a timer that is already due sooner stays: re-arming per packet would cost more.
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(this.#timerFires, Math.max(0, at - now()));
  }

  readonly #timerFires = (): void => {
    this.#timerAt = Infinity;
    if (this.#closed) return;
    this.#stack.poll(now());
    this.#settle();
  };
}
