import assert from 'node:assert/strict';
import { kubectl, leftovers } from '../kube/support/cluster.ts';
import { openDeveloper, statuses, useDeveloper } from '../support/session.ts';

/** Of every Job that was made there. */
const agentEvents = (namespace: string): readonly string[] =>
  kubectl([
    'get',
    'events',
    `--namespace=${namespace}`,
    '--output=name',
    '--field-selector=involvedObject.kind=Job,reason=SuccessfulCreate',
  ])
    .split('\n')
    .filter((line) => line !== '')
    .sort();

describe('mirrord up on Kubernetes, more than once', () => {
  const world = useDeveloper();

  it('the same name says that it is up; another on the same cluster is refused naming both', async () => {
    const { developer, objects } = world;
    const session = await developer.up(['-n', objects.home]).ready();
    const jobs = leftovers(objects.home);
    const events = (): readonly string[] => agentEvents(objects.home);
    const told = events();

    const again = await developer.mirrordRun(['up', '-n', objects.home], { as: 'sudo' });
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /^session 'default' is already up/);

    const second = await developer.mirrordRun(['up', '--name', 'second', '-n', objects.home], { as: 'sudo' });
    assert.equal(second.code, 6, second.stderr);
    assert.match(second.stderr, /default/);
    assert.match(second.stderr, /second/);
    assert.deepEqual(
      (await statuses(developer)).map(({ name }) => name),
      ['default'],
    );
    // There never was an agent for it.
    assert.deepEqual(leftovers(objects.home), jobs);
    assert.deepEqual(events(), told);

    const elsewhere = await developer.mirrordRun(['up', '-t', 'deployment/web', '-n', objects.home], { as: 'sudo' });
    assert.equal(elsewhere.code, 2, elsewhere.stderr);
    assert.match(elsewhere.stderr, /is up with other settings: target targetless \(requested: deployment\/web\)/);
    const place = await developer.mirrordRun(['up', '-n', 'kube-system'], { as: 'sudo' });
    assert.equal(place.code, 2, place.stderr);
    assert.match(place.stderr, new RegExp(`namespace ${objects.home} \\(requested: kube-system\\)`));

    const { stdout } = await developer.run('curl', ['-sS', '-m', '10', 'http://web:8080/']);
    assert.match(stdout, /^web-/);
    await session.end();
  });

  it('two developers are on the same cluster side by side', async () => {
    const { developer, objects } = world;
    const other = await openDeveloper();
    try {
      const sessions = await Promise.all([developer, other].map((each) => each.up(['-n', objects.home]).ready()));
      for (const each of [developer, other]) {
        const { stdout } = await each.run('curl', ['-sS', '-m', '10', 'http://web:8080/']);
        assert.match(stdout, /^web-/);
      }
      for (const session of sessions) await session.end();
    } finally {
      await other.close();
    }
  });
});
