import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { Hellos } from '../../../src/connection/hellos.ts';
import { HELLO_LIMIT } from '../../../src/connection/limits.ts';

class Lab {
  readonly dropped: string[] = [];
  asked = 0;
  readonly #sources = new Map<Duplex, string>();
  readonly #hellos = new Hellos((transports) => {
    this.asked++;
    return transports.map((transport) => this.#sources.get(transport) ?? '');
  });

  get size(): number {
    return this.#sources.size;
  }

  open(source: string): void {
    this.#hellos.makeRoom();
    const transport = new Duplex();
    this.#sources.set(transport, source);
    this.#hellos.add(transport, () => {
      this.#hellos.over(transport);
      this.#sources.delete(transport);
      this.dropped.push(source);
    });
  }
}

describe('transports in their hello', () => {
  it('of a user who floods make room themselves; those of others stay', () => {
    const lab = new Lab();
    for (let i = 0; i < 5; i++) lab.open('the client');
    for (let i = 0; i < 10_000; i++) {
      lab.open('a neighbour');
      assert.ok(lab.size <= HELLO_LIMIT);
    }
    assert.ok(!lab.dropped.includes('the client'));
    assert.ok(lab.asked < 200, `who it is was asked ${lab.asked} times`);
  });

  it('of one source are dropped by chance, so that a flood does not know the order', () => {
    let kept = 0;
    for (let round = 0; round < 200; round++) {
      const lab = new Lab();
      lab.open('all');
      for (let i = 0; i < HELLO_LIMIT; i++) lab.open('all');
      if (lab.dropped.length === HELLO_LIMIT / 2) kept++;
    }
    assert.equal(kept, 200);
    const survived = Array.from({ length: 400 }, () => {
      const hellos = new Hellos((transports) => transports.map(() => ''));
      let isThere = true;
      for (let i = 0; i <= HELLO_LIMIT; i++) {
        hellos.makeRoom();
        const transport = new Duplex();
        hellos.add(transport, () => {
          hellos.over(transport);
          if (i === 0) isThere = false;
        });
      }
      return isThere;
    }).filter(Boolean).length;
    assert.ok(survived > 130 && survived < 270, `the oldest survived ${survived} of 400 times`);
  });

  it('of as many sources as there are places take turns as well', () => {
    const lab = new Lab();
    for (let i = 0; i < 2 * HELLO_LIMIT; i++) lab.open(`source ${i}`);
    assert.equal(lab.dropped.length, HELLO_LIMIT);
  });
});
