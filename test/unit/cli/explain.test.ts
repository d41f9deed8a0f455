import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Workspace } from '../support/config.ts';
import { CLI_MS, runCli } from './run.ts';

describe('explain with a file alone', function () {
  this.timeout(3 * CLI_MS);
  let workspace: Workspace;

  before(async () => {
    const network = { outgoing: { filter: { local: ['db', '10.96.0.7'] } } };
    workspace = await Workspace.make({
      'plain.json': JSON.stringify({ feature: { network } }),
      'shop.json': JSON.stringify({ target: { namespace: 'shop' }, feature: { network } }),
    });
  });
  after(() => workspace.remove());

  function explain(file: string, destination: string): string {
    const { code, stdout, stderr } = runCli('explain', destination, '-f', join(workspace.path, file));
    assert.equal(code, 0, stderr);
    return stdout;
  }

  it('a name in any of its forms, in the namespace of the file', () => {
    assert.match(explain('plain.json', 'db.default.svc.cluster.local:5432'), /^ {2}rule {4}.*local\[0\] = "db"$/m);
    assert.match(explain('shop.json', 'DB.shop.'), /^ {2}rule {4}.*local\[0\] = "db"$/m);
    assert.match(explain('shop.json', 'db.default.svc'), /^db\.default\.svc goes to the cluster$/m);
  });

  it('an address that only the cluster’s ranges could tell', () => {
    assert.equal(
      explain('plain.json', '10.96.0.8'),
      `10.96.0.8 stays on this machine
  rule    none: outside the cluster's ranges and names
  note    only a session knows the cluster's ranges; \`mirrord up --dry-run\` shows them
`,
    );
    assert.doesNotMatch(explain('plain.json', '10.96.0.7'), /note/);
  });
});
