import assert from 'node:assert/strict';
import type { MachineFacts } from '../../../src/machine/facts.ts';
import type { BoundFlow } from '../../../src/machine/network-state.ts';
import { BoundFlows, MAX_BOUND_FLOWS } from '../../../src/session/bound-flows.ts';

const FACTS = {
  addresses: [
    { device: 'eth0', address: '192.168.7.1/24' },
    { device: 'eth0', address: 'fd00:7::1/64' },
  ],
} as unknown as MachineFacts;
const TO = { host: '10.96.0.4', port: 80 };

describe('flows of programs that are bound to an address', () => {
  let told: (readonly BoundFlow[])[];
  let flows: BoundFlows;
  beforeEach(() => {
    told = [];
    const host = {
      bound: async (all: readonly BoundFlow[]): Promise<void> => {
        told.push(all);
        return Promise.resolve();
      },
    };
    flows = new BoundFlows(host, ['198.19.0.1/32', 'fd6d::1/128']);
  });
  const enter = (host: string, port = 4000): void => flows.entered({ host, port }, TO, FACTS);
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it("are told at once, whole; the TUN's own and containers' are not among them", async () => {
    for (const host of ['198.19.0.1', 'fd6d::1', '172.17.0.2']) enter(host);
    assert.deepEqual(told, []);
    enter('192.168.7.1');
    await settled();
    enter('fd00:7::1');
    await settled();
    const first = { source: { host: '192.168.7.1', port: 4000 }, destination: TO };
    const second = { source: { host: 'fd00:7::1', port: 4000 }, destination: TO };
    assert.deepEqual(told, [[first], [first, second]]);
  });

  it('are the newest ones, as many as the host takes', async () => {
    for (let port = 1; port <= MAX_BOUND_FLOWS + 5; port++) enter('192.168.7.1', port);
    await settled();
    const last = told.at(-1) ?? [];
    assert.equal(last.length, MAX_BOUND_FLOWS);
    assert.deepEqual([last[0]?.source.port, last.at(-1)?.source.port], [6, MAX_BOUND_FLOWS + 5]);
  });
});
