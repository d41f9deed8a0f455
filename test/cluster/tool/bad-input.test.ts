import assert from 'node:assert/strict';
import { difference, machineState } from '../../../scripts/sandbox/machine-state.ts';
import { HOME } from '../support/developer.ts';
import { useDeveloper, writeUserKubeconfig } from '../support/session.ts';
import type { Developer } from '../support/developer.ts';
import type { Workloads } from '../support/workloads.ts';

/** A token that is well-formed, signed by nobody, and expired in 2001. */
const EXPIRED_TOKEN = [{ alg: 'RS256' }, { iss: 'x', exp: 1_000_000_000 }]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .concat('AAAA')
  .join('.');

const exec = (command: string, args: string[] = []): object => ({
  exec: { apiVersion: 'client.authentication.k8s.io/v1', command, args, interactiveMode: 'Never' },
});

interface Case {
  readonly what: string;
  /** Resolves to the arguments of `up`. */
  readonly given: (developer: Developer, objects: Workloads) => string[];
  readonly code: number;
  readonly error: string;
  readonly says: RegExp;
  readonly seconds?: number;
}

const kubeconfig = (developer: Developer, user: object, cluster: object = {}): string[] => [
  '--kubeconfig',
  writeUserKubeconfig(developer, `${HOME}/case`, user, cluster),
];

const CASES: readonly Case[] = [
  {
    what: 'no kubeconfig',
    given: () => ['--kubeconfig', `${HOME}/none`],
    code: 2,
    error: 'kubeconfig-missing',
    says: /\/run\/home\/none/,
  },
  {
    what: 'a kubeconfig that does not parse',
    given: (developer) => ['--kubeconfig', developer.write(`${HOME}/broken`, 'apiVersion: v1\nclusters: [}\n')],
    code: 2,
    error: 'kubeconfig-invalid',
    says: /\/run\/home\/broken.*(line 2|2:)/s,
  },
  {
    what: 'a context that is not there',
    given: () => ['--context', 'mirrord-clutser'],
    code: 2,
    error: 'context-unknown',
    says: /mirrord-clutser.*mirrord-cluster/s,
  },
  {
    what: 'a namespace that is not there',
    given: () => ['-n', 'restrictde'],
    code: 2,
    error: 'namespace-unknown',
    says: /restrictde.*restricted/s,
  },
  {
    what: 'a target that is not there',
    given: (_developer, { home }) => ['-n', home, '-t', 'statefulset/dbb'],
    code: 2,
    error: 'target-unknown',
    says: /dbb.*\bdb\b/s,
  },
  {
    what: 'a token that expired',
    given: (developer) => kubeconfig(developer, { token: EXPIRED_TOKEN }),
    code: 4,
    error: 'credentials-rejected',
    says: /198\.18\.0\.2.*(expired|not accept|reject)/is,
  },
  {
    what: 'a certificate of another cluster',
    given: (developer) => kubeconfig(developer, { token: 'x' }, { 'certificate-authority-data': undefined }),
    code: 4,
    error: 'api-certificate',
    says: /certificate of .*198\.18\.0\.2/,
  },
  {
    what: 'an exec plugin that is not installed',
    given: (developer) => kubeconfig(developer, exec('no-such-plugin')),
    code: 4,
    error: 'exec-plugin-missing',
    says: /no-such-plugin/,
  },
  {
    what: 'an exec plugin that fails',
    given: (developer) => kubeconfig(developer, exec('sh', ['-c', 'echo token has run out, log in again >&2; exit 3'])),
    code: 4,
    error: 'exec-plugin-failed',
    says: /token has run out, log in again/,
  },
  {
    what: 'a server where nobody listens',
    given: (developer) => kubeconfig(developer, { token: 'x' }, { server: 'https://198.18.0.2:6444' }),
    code: 4,
    error: 'api-refused',
    says: /https:\/\/198\.18\.0\.2:6444/,
  },
  {
    what: 'a server to which there is no route',
    given: (developer) => kubeconfig(developer, { token: 'x' }, { server: 'https://203.0.113.9:6443' }),
    code: 4,
    error: 'api-unreachable',
    says: /203\.0\.113\.9/,
  },
  {
    what: 'a server whose name is nobody’s',
    given: (developer) => kubeconfig(developer, { token: 'x' }, { server: 'https://api.nobody.example.com:6443' }),
    code: 4,
    error: 'api-unresolved',
    says: /api\.nobody\.example\.com/,
  },
  {
    what: 'a server that swallows packets',
    // In the internet's own network, where no neighbour answers, and no router says so.
    given: (developer) => kubeconfig(developer, { token: 'x' }, { server: 'https://203.0.113.80:6443' }),
    code: 4,
    error: 'api-timeout',
    says: /203\.0\.113\.80/,
    seconds: 15,
  },
];

describe('mirrord up on Kubernetes, names, credentials and servers that cannot work', () => {
  const world = useDeveloper();

  before(async () => {
    const drop = 'table inet silent { chain input { type filter hook input priority 0; tcp dport 6443 drop; }\n}';
    const { code, stderr } = await world.developer.internet.run('nft', [drop]);
    assert.equal(code, 0, stderr);
  });

  for (const { what, given, code, error, says, seconds = 10 } of CASES) {
    it(`${what}: exit ${code}, ${error}, in words and as JSON, and nothing changed`, async () => {
      const { developer } = world;
      const before = await machineState(developer.machine);
      const args = given(developer, world.objects);
      const begin = performance.now();
      const outcome = await developer.mirrordRun(['up', ...args, '--json'], { as: 'sudo' });
      const took = performance.now() - begin;
      assert.equal(outcome.code, code, outcome.stderr);
      const { error: told } = JSON.parse(outcome.stderr.trim().split('\n').at(-1) ?? '') as {
        error: { code: string; message: string; help: string };
      };
      assert.equal(told.code, error, told.message);
      assert.match(`${told.message}\n${told.help}`, says);
      assert.notEqual(told.help, '');
      assert.ok(took < seconds * 1_000, `${took} ms`);
      assert.equal(difference(before, await machineState(developer.machine)), '');
    });
  }

  it('people read what happened and what to do', async () => {
    const { stderr } = await world.developer.mirrordRun(['up', '--context', 'nope'], { as: 'sudo' });
    assert.match(stderr, /^Error: .+\n( {2}→ .+\n)+$/);
  });
});
