import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Addon, loadAddon } from '../../../src/native/addon.ts';

const addon: Addon = loadAddon();
const hostile = addon as unknown as Record<keyof Addon, (...args: unknown[]) => unknown>;

/** One descriptor that reads what was written to it: a FIFO opened both ways. */
function openLoop(folder: string): number {
  const path = join(folder, 'loop');
  execFileSync('mkfifo', [path]);
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

describe('the addon', () => {
  let folder: string;
  let fd: number;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-addon-'));
    fd = openLoop(folder);
  });
  afterEach(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  const drain = (): Buffer => {
    const buffer = Buffer.alloc(1 << 17);
    return buffer.subarray(0, readSync(fd, buffer));
  };

  it('writes exactly the asked part of header and chunks', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 300 }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        (header, chunks, a, b, c) => {
          const chunkIndex = chunks.length === 0 ? 0 : a % chunks.length;
          const chunkOffset = chunks.length === 0 ? 0 : b % ((chunks[chunkIndex]?.length ?? 0) + 1);
          const rest = Buffer.concat(chunks.slice(chunkIndex)).subarray(chunkOffset);
          const payloadLength = c % (rest.length + 1);
          const expected = Buffer.concat([header, rest.subarray(0, payloadLength)]);
          assert.equal(addon.send(fd, header, header.length, chunks, chunkIndex, chunkOffset, payloadLength), 0);
          if (expected.length > 0) assert.deepEqual(drain(), expected);
        },
      ),
    );
  });

  it('writes a full packet that comes in single bytes', () => {
    const chunks = Array.from({ length: 60000 }, (_, i) => Uint8Array.of(i & 255));
    assert.equal(addon.send(fd, new Uint8Array(50), 50, chunks, 3, 0, 59990), 0);
    assert.deepEqual(drain().subarray(50), Buffer.concat(chunks.slice(3, 59993)));
  });

  it('returns the errno of a write that fails', () => {
    assert.equal(addon.send(999_999, new Uint8Array(1), 1, [], 0, 0, 0), 9);
  });

  it('throws a TypeError on wrong arguments of send', () => {
    const good = [fd, new Uint8Array(20), 10, [new Uint8Array(5)], 0, 1, 4];
    const bad: [number, unknown[]][] = [
      [0, [-1, 1.5, Number.NaN, '1', null, undefined, 2 ** 31]],
      [1, [undefined, null, [], 'x', new Int32Array(4), new ArrayBuffer(20), new DataView(new ArrayBuffer(9))]],
      [2, [-1, 21, 2 ** 32, Number.NaN, Infinity, '10', null]],
      [3, [null, {}, new Uint8Array(5), [null], ['abc'], [new Int32Array(2)], []]],
      [4, [-1, 1, 2 ** 32, 0.5, null]],
      [5, [-1, 6, 2, 2 ** 32, null]],
      [6, [-1, 5, 65535, 70000, 2 ** 32, Number.NaN, null]],
    ];
    for (const [position, values] of bad) {
      for (const value of values) {
        const args = good.with(position, value as never);
        assert.throws(() => hostile.send(...args), TypeError, `argument ${position} = ${String(value)}`);
      }
    }
    assert.throws(() => hostile.send(...good.slice(0, 6)), TypeError);
  });

  it('survives any arguments to any function', () => {
    const value = fc.oneof(
      fc.anything(),
      fc.integer({ min: 100_000 }),
      fc.uint8Array({ maxLength: 30 }),
      fc.array(fc.uint8Array({ maxLength: 30 })),
      fc.int32Array({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(addon) as (keyof Addon)[])),
        fc.array(value, { maxLength: 8 }),
        (name, args) => {
          // A string of 1 to 15 bytes is a right argument for openTun; whatever else it gets here is not.
          if (name === 'openTun' && typeof args[0] === 'string') args[0] = `${args[0]}-too-long-for-a-name`;
          if (name === 'send' && args.length >= 7) args[0] = 999_999;
          try {
            hostile[name](...args);
          } catch (error) {
            assert.ok(error instanceof Error);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('does not touch memory that has been taken away', () => {
    const chunk = new Uint8Array(10);
    structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
    assert.throws(() => addon.send(fd, new Uint8Array(5), 5, [chunk], 0, 0, 10), TypeError);
  });

  describe('reader', () => {
    const slab = new Uint8Array(1 << 18);
    const offsets = new Int32Array(8);
    const lengths = new Int32Array(8);
    const within = (ms: number): Promise<'late'> => new Promise((done) => setTimeout(done, ms, 'late').unref());

    it('delivers what is there, stops while paused, and ends at close', async () => {
      let received = Promise.withResolvers<string>();
      const reader = addon.openReader(fd, slab, offsets, lengths, (count) => {
        assert.equal(count, 1);
        received.resolve(Buffer.from(slab.subarray(offsets[0], (offsets[0] ?? 0) + (lengths[0] ?? 0))).toString());
      });
      writeSync(fd, 'one');
      assert.equal(await Promise.race([received.promise, within(2000)]), 'one');

      received = Promise.withResolvers();
      addon.pauseReader(reader);
      writeSync(fd, 'two');
      assert.equal(await Promise.race([received.promise, within(30)]), 'late');
      addon.resumeReader(reader);
      assert.equal(await Promise.race([received.promise, within(2000)]), 'two');

      addon.closeReader(reader);
      addon.closeReader(reader);
      addon.resumeReader(reader);
      addon.pauseReader(reader);
    });

    it('ends with an errno when its slab has been taken away', async () => {
      const lost = new Uint8Array(1 << 17);
      const received = Promise.withResolvers<number>();
      const reader = addon.openReader(fd, lost, offsets, lengths, (count) => received.resolve(count));
      structuredClone(lost.buffer, { transfer: [lost.buffer] });
      writeSync(fd, 'x');
      assert.equal(await Promise.race([received.promise, within(2000)]), -14);
      addon.closeReader(reader);
    });

    it('refuses another object in place of a reader', () => {
      for (const value of [{}, null, undefined, 3, Object.create(null)]) {
        assert.throws(() => hostile.closeReader(value), TypeError);
      }
    });

    it('leaves an exception of the callback to the process', () => {
      const script = `
        const addon = require(${JSON.stringify(join(import.meta.dirname, '../../../native-helpers/build/mirrord.node'))});
        process.on('uncaughtException', (error) => { console.log('caught ' + error.message); process.exit(7); });
        addon.openReader(0, new Uint8Array(1 << 17), new Int32Array(4), new Int32Array(4), () => { throw new Error('oh'); });
      `;
      const run = (): unknown => execFileSync(process.execPath, ['-e', script], { input: 'x', encoding: 'utf8' });
      assert.throws(run, (error: { status: number; stdout: string }) => {
        assert.equal(error.stdout, 'caught oh\n');
        return error.status === 7;
      });
    });

    it('lets a worker end while it reads', async () => {
      const { Worker } = await import('node:worker_threads');
      const worker = new Worker(
        `const addon = require(require('node:worker_threads').workerData.file);
         addon.openReader(require('node:worker_threads').workerData.fd, new Uint8Array(1 << 17), new Int32Array(4), new Int32Array(4), () => {});
         require('node:worker_threads').parentPort.postMessage('reading');`,
        {
          eval: true,
          workerData: { fd, file: join(import.meta.dirname, '../../../native-helpers/build/mirrord.node') },
        },
      );
      await new Promise((done) => worker.once('message', done));
      assert.equal(await worker.terminate(), 1);
    });
  });
});
