import assert from 'node:assert/strict';
import { FlightWindow } from '../../../src/connection/flight-window.ts';
import { WINDOW_MAX, WINDOW_MIN } from '../../../src/connection/limits.ts';

const CHUNK = 65_536;

/** A greedy sender on a path of `rate` bytes per ms and `delay` ms of round trip; the receiver's window is its bound. */
function settle(window: FlightWindow, rate: number, delay: number, from: number, ms: number): FlightWindow {
  const arrivals: number[] = [];
  const credits: number[] = [];
  let flying = 0;
  let free = from;
  for (let now = from; now < from + ms; now += 0.05) {
    while (credits[0] !== undefined && credits[0] <= now) {
      credits.shift();
      flying -= CHUNK;
    }
    while (arrivals[0] !== undefined && arrivals[0] <= now) {
      arrivals.shift();
      window.delivered(now, CHUNK);
      credits.push(now + delay / 2);
    }
    while (flying < window.size) {
      flying += CHUNK;
      free = Math.max(free, now) + CHUNK / rate;
      arrivals.push(free + delay / 2);
    }
  }
  return window;
}

function opened(delay: number): FlightWindow {
  const window = new FlightWindow();
  window.reset(delay);
  return window;
}

describe('the flight window', () => {
  it('stays small on a short path, however much the transport would swallow', () => {
    assert.equal(settle(opened(0.3), 300_000, 0.3, 0, 3_000).size, WINDOW_MIN);
  });

  it('fills a long path, without queueing much more than one product', () => {
    const product = 300_000 * 20;
    const { size } = settle(opened(20), 300_000, 20, 0, 3_000);
    assert.ok(size >= 1.5 * product && size <= 2.5 * product, `${size}`);
  });

  it('is bounded on an endless path, and a whole number', () => {
    assert.equal(settle(opened(100), 1_000_000, 100, 0, 3_000).size, WINDOW_MAX);
    assert.ok(Number.isInteger(settle(opened(20), 123_457, 20, 0, 1_000).size));
  });

  it('keeps its size over a pause, shrinks on a path that has become slow, and forgets it with the transport', () => {
    const window = settle(opened(20), 300_000, 20, 0, 3_000);
    const { size } = window;
    window.delivered(4_000, CHUNK);
    assert.equal(window.size, size);
    settle(window, 10_000, 20, 4_000, 15_000);
    assert.equal(window.size, WINDOW_MIN);
    settle(window, 300_000, 20, 20_000, 3_000);
    window.reset(20);
    assert.equal(window.size, WINDOW_MIN);
  });

  it('does not take what the last transport delivered for the speed of the next', () => {
    const window = opened(20);
    window.delivered(1_000, CHUNK);
    window.delivered(1_010, WINDOW_MAX);
    window.reset(20);
    window.delivered(1_025, CHUNK);
    assert.equal(window.size, WINDOW_MIN);
  });
});
