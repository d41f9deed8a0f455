/**
 * Gives the pure stack what it does not have: a clock, a timer, and the end of a turn.
 *
 * What is queued towards programs between batches is flushed once, when the event loop's turn ends, so that the small
 * chunks of one turn leave as one super-segment.
 */
import { Stack } from '../stack/stack.ts';
import type { FlowHandler, StackCounters } from '../stack/flow.ts';
import type { TunDevice } from '../tun/device.ts';

export class StackDriver {
  readonly #device: TunDevice;
  readonly #stack: Stack;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #flushQueued = false;
  #closed = false;

  constructor(device: TunDevice, handler: FlowHandler) {
    this.#device = device;
    this.#stack = new Stack(device, handler, { now: performance.now(), onOutput: () => this.#outputQueued() });
    device.onPackets = (batch) => {
      this.#stack.poll(performance.now());
      this.#stack.receive(batch);
      this.#settle();
    };
  }

  get counters(): StackCounters {
    return this.#stack.counters;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#device.close();
    this.#stack.close();
  }

  #outputQueued(): void {
    if (this.#flushQueued || this.#closed) return;
    this.#flushQueued = true;
    setImmediate(this.#turnEnds);
  }

  readonly #turnEnds = (): void => {
    this.#flushQueued = false;
    if (this.#closed) return;
    this.#stack.poll(performance.now());
    this.#settle();
  };

  #settle(): void {
    this.#stack.flush();
    const at = this.#stack.nextWakeup() ?? Infinity;
    // An early wake-up is harmless, so a timer that is already due sooner stays: re-arming per packet would cost more.
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(this.#timerFires, Math.max(0, at - performance.now()));
  }

  readonly #timerFires = (): void => {
    this.#timerAt = Infinity;
    if (this.#closed) return;
    this.#stack.poll(performance.now());
    this.#settle();
  };
}
