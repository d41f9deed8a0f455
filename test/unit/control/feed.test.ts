import assert from 'node:assert/strict';
import { Feed } from '../../../src/control/feed.ts';

describe('a feed', () => {
  async function read(events: AsyncIterable<{ seq: number; event: string }>): Promise<string[]> {
    const heard: string[] = [];
    for await (const { seq, event } of events) heard.push(`${seq} ${event}`);
    return heard;
  }

  it('tells each follower what happens from then on, in order and numbered', async () => {
    const feed = new Feed<string>();
    const end = new AbortController();
    feed.publish('before');
    const [early, late] = [read(feed.follow(end.signal)), new AbortController()];
    feed.publish('a');
    const second = read(feed.follow(late.signal));
    await Promise.resolve();
    feed.publish('b');
    await new Promise((resolve) => setImmediate(resolve));
    end.abort();
    late.abort();
    assert.deepEqual([await early, await second], [['2 a', '3 b'], ['3 b']]);
  });

  it('waits for no follower: the oldest events go, and the numbers show the gap', async () => {
    const feed = new Feed<string>();
    const end = new AbortController();
    const slow = feed.follow(end.signal)[Symbol.asyncIterator]();
    for (let i = 1; i <= 1_000; i++) feed.publish(String(i));
    const heard: number[] = [];
    while (heard.at(-1) !== 1_000) heard.push((await slow.next()).value.seq);
    assert.deepEqual(
      heard,
      Array.from({ length: 16 }, (_, i) => 985 + i),
    );
    end.abort();
    assert.equal((await slow.next()).done, true);
  });

  it('is followed as long as there is a signal that has not aborted', async () => {
    const feed = new Feed<string>();
    const end = new AbortController();
    assert.equal(feed.isFollowed, false);
    const heard = read(feed.follow(end.signal));
    assert.equal(feed.isFollowed, true);
    end.abort();
    assert.equal(feed.isFollowed, false);
    assert.deepEqual(await heard, []);
    assert.deepEqual(await read(feed.follow(end.signal)), []);
    assert.equal(feed.isFollowed, false);
  });
});
