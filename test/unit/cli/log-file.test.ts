import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logLines } from '../../../src/cli/log-file.ts';

describe('the lines of a log', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-log-'));
    path = join(folder, 'default.log');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are those that are there, the last one also without its end', async () => {
    const long = 'é'.repeat(70_000);
    writeFileSync(path, `a\n${long}\nb`);
    const lines: string[] = [];
    for await (const line of logLines(path, false)) lines.push(line);
    assert.deepEqual(lines, ['a', long, 'b']);
  });

  it('go on with those that come, whole ones, and with the file of the next session', async () => {
    writeFileSync(path, 'a\n');
    const lines = logLines(path, true);
    const next = async (): Promise<unknown> => (await lines.next()).value;
    assert.equal(await next(), 'a');
    appendFileSync(path, 'b');
    const second = next();
    appendFileSync(path, 'c\n');
    assert.equal(await second, 'bc');
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'd\n');
    assert.equal(await next(), 'd');
    await lines.return(undefined);
  });

  it('are asked for in vain where there is no log', () =>
    assert.rejects(logLines(path, false).next(), { code: 'log-missing', failure: 'usage' }));
});
