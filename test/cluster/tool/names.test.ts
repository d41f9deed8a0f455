import assert from 'node:assert/strict';
import { useSession } from '../support/session.ts';

describe('mirrord up on Kubernetes, by name', () => {
  const world = useSession();

  /** HOME and AWAY stand for the namespaces. */
  const filled = (name: string): string =>
    name.replaceAll('HOME', world.objects.home).replaceAll('AWAY', world.objects.away);

  const forms: readonly [string, RegExp][] = [
    ['web', /^web-/],
    ['web.', /^web-/],
    ['web.HOME', /^web-/],
    ['web.HOME.svc', /^web-/],
    ['web.HOME.svc.cluster.local', /^web-/],
    ['web.HOME.svc.cluster.local.', /^web-/],
    ['WEB.HOME.SVC.Cluster.Local', /^web-/],
    ['inventory.AWAY', /^inventory-/],
    ['inventory.AWAY.svc', /^inventory-/],
    ['inventory.AWAY.svc.cluster.local', /^inventory-/],
    ['db', /^db-[01] /],
    ['db.HOME.svc.cluster.local', /^db-[01] /],
    ['db-0.db', /^db-0 /],
    ['db-1.db.HOME', /^db-1 /],
    ['db-1.db.HOME.svc', /^db-1 /],
    ['db-0.db.HOME.svc.cluster.local', /^db-0 /],
    ['alias', /^web-/],
    ['alias.HOME.svc.cluster.local', /^web-/],
  ];
  for (const [name, answer] of forms) {
    it(`curl reaches ${name}`, async () => {
      assert.match(await world.run('curl', '-sS', '-m', '10', `http://${filled(name)}:8080/`), answer);
    });

    it(`getent knows ${name}`, async () => {
      const lines = await world.run('getent', 'ahosts', filled(name));
      const { services, pods } = world.objects;
      const expected = [...Object.values(services), ...Object.values(pods)].flatMap(({ v4, v6 }) => [v4, v6]);
      assert.ok(
        lines
          .trim()
          .split('\n')
          .every((line) => expected.includes(line.split(' ')[0] ?? '')),
        lines,
      );
      assert.match(lines, /^[0-9.]+ /m);
      assert.match(lines, /^[0-9a-f:]+ /m);
    });
  }

  for (const name of ['inventory', 'inventory.HOME', 'inventory.HOME.svc.cluster.local', 'inventory.no-such']) {
    it(`explain says that ${name} does not exist, and in which namespace it is`, async () => {
      const { away } = world.objects;
      const { stdout, stderr } = await world.developer.mirrordRun(['explain', `http://${filled(name)}:8080/`]);
      const [first, ...others] = stdout.split('\n');
      assert.equal(first, `${filled(name)}:8080/tcp does not exist`, stdout + stderr);
      // Other runs may have the same in namespaces of their own.
      const line = `  instead A service "inventory" is in namespace ${away}: use inventory.${away}`;
      assert.ok(others.includes(line), stdout);
      await world.run('getent', 'ahosts', `inventory.${away}`);
    });
  }

  it('a headless name has the addresses of all its pods', async () => {
    const { pods } = world.objects;
    const lines = await world.run('getent', 'ahosts', 'db');
    for (const address of [pods['db-0'].v4, pods['db-0'].v6, pods['db-1'].v4, pods['db-1'].v6]) {
      assert.ok(lines.includes(`${address} `), lines);
    }
  });

  for (const transport of ['+notcp', '+tcp']) {
    const dig = (...args: string[]): Promise<string> =>
      world.run('dig', '+short', '+tries=1', transport, ...args.map(filled));

    it(`dig ${transport}: A and AAAA`, async () => {
      const { web } = world.objects.services;
      assert.equal(await dig('web.HOME.svc.cluster.local', 'A'), `${web.v4}\n`);
      assert.equal(await dig('web.HOME.svc.cluster.local', 'AAAA'), `${web.v6}\n`);
    });

    it(`dig ${transport}: SRV`, async () => {
      assert.equal(
        await dig('_http._tcp.web.HOME.svc.cluster.local', 'SRV'),
        filled('0 50 8080 web.HOME.svc.cluster.local.\n'),
      );
      const headless = await dig('_echo-udp._udp.db.HOME.svc.cluster.local', 'SRV');
      for (const pod of ['db-0', 'db-1']) {
        assert.match(headless, new RegExp(filled(`^0 \\d+ 7 ${pod}\\.db\\.HOME\\.svc\\.cluster\\.local\\.$`), 'm'));
      }
    });

    it(`dig ${transport}: PTR of services and pods, both families`, async () => {
      const { services, pods } = world.objects;
      for (const address of [services.web.v4, services.web.v6]) {
        assert.equal(await dig('-x', address), filled('web.HOME.svc.cluster.local.\n'));
      }
      for (const address of [pods['db-0'].v4, pods['db-0'].v6]) {
        assert.equal(await dig('-x', address), filled('db-0.db.HOME.svc.cluster.local.\n'));
      }
    });

    it(`dig ${transport}: CNAME of an ExternalName`, async () => {
      assert.equal(await dig('alias.HOME.svc.cluster.local', 'CNAME'), filled('web.HOME.svc.cluster.local.\n'));
    });

    it(`dig ${transport}: what does not exist is NXDOMAIN, a type that a name has not is NODATA`, async () => {
      const nothing = await world.run('dig', '+tries=1', transport, filled('none.HOME.svc.cluster.local'));
      assert.match(nothing, /status: NXDOMAIN/);
      const other = await world.run('dig', '+tries=1', transport, filled('web.HOME.svc.cluster.local'), 'MX');
      assert.match(other, /status: NOERROR/);
      assert.match(other, /ANSWER: 0/);
    });
  }
});
