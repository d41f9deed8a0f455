import assert from 'node:assert/strict';
import { PUBLIC_WEB } from '../../../scripts/sandbox/addresses.ts';
import { cluster } from '../support/developer.ts';
import { useSession } from '../support/session.ts';

describe('mirrord up on Kubernetes, public names', () => {
  const world = useSession();
  const asked = (): string => cluster(['dns-log']);

  it('still resolve, and lead where they led before', async () => {
    assert.match(await world.run('curl', '-sS', '-m', '10', 'http://www.example.com/'), /^the public web/);
    assert.match(await world.run('getent', 'ahosts', 'www.example.com'), new RegExp(`^${PUBLIC_WEB.v4} `, 'm'));
    for (const transport of ['+tcp', '+notcp']) {
      const answer = await world.run('dig', '+short', transport, 'www.example.com', 'A');
      assert.equal(answer, `${PUBLIC_WEB.v4}\n`);
    }
  });

  it("never reach the cluster's DNS, nor cluster names the public one", async () => {
    const mark = `mark-${process.pid}-${Date.now()}`;
    for (const name of [`${mark}.example.com`, `www.${mark}.example.com`, `${mark}.co.uk`]) {
      await world.developer.run('getent', ['ahosts', name]);
      await world.developer.run('dig', ['+tries=1', '+time=2', name, 'MX']);
    }
    // The witness does see what it should.
    await world.developer.run('getent', ['ahosts', `${mark}.${world.objects.home}.svc.cluster.local`]);
    const questions = asked()
      .split('\n')
      .filter((line) => line.includes(mark) || line.includes('www.example.com'));
    assert.ok(questions.length > 0);
    assert.deepEqual(
      questions.filter((line) => !line.includes(`${mark}.${world.objects.home}.svc.cluster.local.`)),
      [],
    );
    const outside = world.developer.internet.queries().filter((question) => question.includes(mark));
    assert.ok(outside.some((question) => question.endsWith(`${mark}.example.com`)));
    assert.deepEqual(
      outside.filter((question) => question.endsWith('.cluster.local')),
      [],
    );
  });
});
