import assert from 'node:assert/strict';
import { incomingPlan, isIncomingWanted } from '../../../../src/session/incoming/plan.ts';
import { loadJson } from '../../support/config.ts';

/** What is asked of the agent, and where it comes to: `8080 → 3000`, with what is filtered. */
async function plan(incoming: unknown, declared: readonly number[] | null = null): Promise<readonly string[]> {
  const { config } = await loadJson({ target: 'pod/x', feature: { network: { incoming } } });
  return incomingPlan(config, declared).ports.map(
    ({ remote, local, wanted, filter }) =>
      `${wanted.port === remote ? remote : 'wrong'} → ${local}${filter === null ? '' : ` ${filter}`}`,
  );
}

describe('what incoming traffic is asked for', () => {
  const steal = (more: object): object => ({ mode: 'steal', ...more });
  const http_filter = { header_filter: 'x-user: alice' };
  const alice = 'with a header matching "x-user: alice"';

  it('are the ports that are named, each once', async () =>
    assert.deepEqual(await plan(steal({ ports: [8080, 9090, 8080] })), ['8080 → 8080', '9090 → 9090']));

  it('are the ports that the target declares, where none is named', async () =>
    assert.deepEqual(await plan('steal', [80, 443]), ['80 → 80', '443 → 443']));

  it('is nothing, told in plain words, where there are neither', async () =>
    assert.rejects(plan('steal'), /No port of the target was named/));

  it('comes to other ports of this machine, and not to those that stay out', async () => {
    assert.deepEqual(await plan(steal({ ports: [80], port_mapping: [[3000, 80]] })), ['80 → 3000']);
    assert.deepEqual(await plan(steal({ ignore_ports: [443] }), [80, 443]), ['80 → 80']);
  });

  it('is filtered, on all ports or on those of the filter', async () => {
    assert.deepEqual(await plan(steal({ ports: [80], http_filter })), [`80 → 80 ${alice}`]);
    assert.deepEqual(await plan(steal({ ports: [80], http_filter: { ...http_filter, ports: [8080] } })), [
      '80 → 80',
      `8080 → 8080 ${alice}`,
    ]);
    assert.deepEqual(await plan(steal({ ports: [80], http_filter: { ports: [80] } })), ['80 → 80']);
  });

  it('is wanted only with steal, and with a target', async () => {
    const wanted = async (target: string, incoming: unknown): Promise<boolean> =>
      isIncomingWanted((await loadJson({ target, feature: { network: { incoming } } })).config);
    assert.equal(await wanted('pod/x', 'steal'), true);
    assert.equal(await wanted('targetless', 'steal'), false);
    for (const off of ['off', 'mirror', true, false, {}]) assert.equal(await wanted('pod/x', off), false);
  });
});
