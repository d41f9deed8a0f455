import assert from 'node:assert/strict';
import { GATEWAY, PUBLIC_DNS, PUBLIC_WEB, service } from '../../../scripts/sandbox/addresses.ts';
import { createSandbox } from '../../../scripts/sandbox/index.ts';
import type { Sandbox } from '../../../scripts/sandbox/index.ts';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import { Container } from '../support/container.ts';
import { mirrord, poll, up } from '../support/session.ts';

const PUBLIC_NAME = 'www.example.com';
const WEB = `http://${service(1).v4}:8080/`;

/** Another VPN: its own table behind a rule, except for its transport's marked packets, and overrides by halves. */
const VPN = `
  ip link add vpn0 type veth peer name vpn-end
  ip link set vpn0 addrgenmode none up
  ip link set vpn-end addrgenmode none up
  ip address add 10.8.0.2/24 dev vpn0
  ip route add default dev vpn0 table 5200
  ip rule add pref 5200 not fwmark 0xca6c table 5200
  ip rule add pref 5199 lookup main suppress_prefixlength 0
  ip route add 0.0.0.0/1 dev vpn0
  ip route add 128.0.0.0/1 dev vpn0
  ip route add 203.0.113.80 via ${GATEWAY.v4} table 5300
  ip rule add pref 5100 fwmark 0xca6c table 5300
`;

describe('mirrord up beside others', function () {
  this.timeout(60_000);
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await createSandbox();
  });
  afterEach(() => sandbox.close());

  for (const dns of ['nftables', 'resolv.conf'] as const) {
    it(`takes containers on a bridge along, by address and by name (${dns})`, async () => {
      const container = await Container.start(sandbox);
      const before = await machineState(sandbox.developer);
      const publicAnswer = await container.ask(PUBLIC_NAME, PUBLIC_DNS.v4);
      assert.notEqual(publicAnswer, '');
      assert.equal(await container.ask('payment-service.default.svc.cluster.local', PUBLIC_DNS.v4), '');
      const session = await up(sandbox, { args: ['--dns', dns] }).ready();
      const web = await container.run('curl', '-sS', '-m', '5', WEB);
      assert.match(web.stdout, /payment-service/, web.stderr);
      for (const transport of ['+notcp', '+tcp']) {
        const name = 'payment-service.default.svc.cluster.local';
        assert.equal(await container.ask(name, PUBLIC_DNS.v4, transport), service(1).v4, transport);
      }
      assert.equal(await container.ask(PUBLIC_NAME, PUBLIC_DNS.v4), publicAnswer);
      const { code, stderr } = await mirrord(sandbox, ['down']);
      assert.equal(code, 0, stderr);
      await session.ended;
      assert.equal(difference(before, await machineState(sandbox.developer)), '');
      assert.equal(await container.ask('payment-service.default.svc.cluster.local', PUBLIC_DNS.v4), '');
    });
  }

  it('leaves the questions of a container alone that is the machine’s own name server', async () => {
    const container = await Container.start(sandbox);
    await container.relay(PUBLIC_DNS.v4);
    const { developer } = sandbox;
    await developer.run('sh', ['-c', 'echo nameserver 172.17.0.2 >/etc/resolv.conf']);
    const session = await up(sandbox, { args: ['--dns', 'nftables'] }).ready();
    for (const name of [PUBLIC_NAME, 'payment-service.default']) {
      const { code } = await developer.run('getent', ['ahostsv4', name]);
      assert.equal(code, 0, name);
    }
    await session.end();
  });

  it('follows a program that writes resolv.conf for a new network, and gives that back in the end', async () => {
    const { developer } = sandbox;
    const session = await up(sandbox, { args: ['--dns', 'resolv.conf'] }).ready();
    const text = `# new lease\nnameserver ${PUBLIC_DNS.v6}\n`;
    const write = `printf '${text}' >/etc/resolv.conf.new && mv /etc/resolv.conf.new /etc/resolv.conf`;
    // The second time with nothing new: a network that went away and came back.
    for (const time of ['once', 'twice']) {
      assert.equal((await developer.run('sh', ['-c', write])).code, 0);
      for (const name of ['payment-service.default', PUBLIC_NAME]) {
        const resolves = async (): Promise<boolean> => (await developer.run('getent', ['ahosts', name])).code === 0;
        await poll(resolves, `${name}, ${time}`);
      }
      const ours = async (): Promise<boolean> =>
        (await developer.run('grep', ['-q', '198.19', '/etc/resolv.conf'])).code === 0;
      await poll(ours, `the file is ours again, ${time}`);
    }
    await session.end();
    assert.equal((await developer.run('cat', ['/etc/resolv.conf'])).stdout, text);
  });

  it('leaves another VPN with policy routing and halves of the world as it is, and works beside it', async () => {
    const { developer } = sandbox;
    const set = await developer.run('sh', ['-ec', VPN]);
    assert.equal(set.code, 0, set.stderr);
    const path = async (...to: string[]): Promise<string> =>
      (await developer.run('ip', ['route', 'get', ...to])).stdout.split('\n')[0] ?? '';
    const paths = () => Promise.all([path('192.0.2.1'), path('203.0.113.80', 'mark', '0xca6c'), path(GATEWAY.v4)]);
    const before = await machineState(developer);
    const pathsBefore = await paths();
    assert.match(pathsBefore[0] ?? '', /dev vpn0/);
    const session = await up(sandbox, { args: ['--dns', 'nftables'] }).ready();
    assert.deepEqual(await paths(), pathsBefore, 'during');
    const web = await developer.run('curl', ['-sS', '-m', '5', WEB], { as: 'developer' });
    assert.match(web.stdout, /payment-service/, web.stderr);
    await session.end();
    assert.deepEqual(await paths(), pathsBefore, 'after');
    assert.equal(difference(before, await machineState(developer)), '');
    assert.match(pathsBefore[1] ?? '', new RegExp(`${PUBLIC_WEB.v4}.*via ${GATEWAY.v4}`));
  });
});
