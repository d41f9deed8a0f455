import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { targetEnvironment } from '../../../src/agent/target-process.ts';
import type { TargetContainer } from '../../../src/peer/environment.ts';

const ID = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const CONTAINER: TargetContainer = { name: 'app', id: ID, podUid: 'uid-1', sharesProcesses: true };

interface Process {
  readonly started: number;
  readonly cgroup: string;
  readonly mounts?: string;
  /** Null: it may not be read. */
  readonly environ: string | null;
}

const PAUSE: Process = { started: 1, cgroup: '0::/../pause', environ: 'PAUSE=1\0' };

describe("the target container's own process", () => {
  let path: string;
  beforeEach(() => (path = mkdtempSync(join(tmpdir(), 'mirrord-proc-'))));
  afterEach(() => rmSync(path, { recursive: true, force: true }));

  const look = (processes: Readonly<Record<string, Process>>, container = CONTAINER, self = '99') => {
    mkdirSync(join(path, 'sys'));
    for (const [pid, { started, cgroup, mounts, environ }] of Object.entries(processes)) {
      mkdirSync(join(path, pid));
      const write = (file: string, text: string): void => writeFileSync(join(path, pid, file), text);
      write('cgroup', `${cgroup}\n`);
      write('stat', `${pid} (a) b (c) S ${Array(18).fill(0).join(' ')} ${started} 0`);
      if (mounts !== undefined) write('mountinfo', mounts);
      if (environ !== null) write('environ', environ);
    }
    return targetEnvironment(container, { path, self });
  };

  for (const [what, cgroup] of [
    ['cgroup v1, paths of the host', (id: string) => `9:pids:/kubepods/podx/${id}\n1:cpu:/kubepods/podx/${id}`],
    ['cgroup v2, by systemd', (id: string) => `0::/kubepods.slice/kubepods-podx.slice/cri-containerd-${id}.scope`],
    ['cgroup v2, seen from another namespace', (id: string) => `0::/../cri-containerd-${id}.scope`],
    ['cgroup v2 of CRI-O, with groups below', (id: string) => `0::/../crio-${id}.scope/container`],
  ] as const) {
    it(`is found by its id: ${what}`, async () => {
      const found = await look({
        1: PAUSE,
        7: { started: 20, cgroup: cgroup(OTHER), environ: 'A=other\0' },
        // Of `kubectl exec`, after which pids began anew.
        8: { started: 900, cgroup: cgroup(ID), environ: 'A=shell\0' },
        12: { started: 30, cgroup: cgroup(ID), environ: 'A=app\0' },
        99: { started: 5, cgroup: cgroup(ID), environ: 'A=agent\0' },
      });
      assert.deepEqual(found, { text: 'A=app\0' });
    });
  }

  for (const cgroup of ['0::/', '0::/../..']) {
    it(`is found by what the kubelet has mounted where its cgroup is ${cgroup}`, async () => {
      const mounts = (pod: string, name: string): string =>
        `1 0 0:1 / / rw - overlay x rw\n2 1 0:2 /pods/${pod}/containers/${name}/1f2e /dev/termination-log rw - ext4 x rw\n`;
      const found = await look({
        1: PAUSE,
        7: { started: 20, cgroup, mounts: mounts('uid-1', 'app-2'), environ: 'A=neighbour\0' },
        // A node's processes are seen with hostPID.
        8: { started: 21, cgroup, mounts: mounts('uid-2', 'app'), environ: 'A=other-pod\0' },
        9: { started: 22, cgroup, mounts: mounts('uid-1', 'app'), environ: 'A=app\0' },
      });
      assert.deepEqual(found, { text: 'A=app\0' });
    });
  }

  it('is the first where the container has a namespace of its own', async () => {
    const found = await look({ 1: { ...PAUSE, environ: 'A=app\0' } }, { ...CONTAINER, sharesProcesses: false });
    assert.deepEqual(found, { text: 'A=app\0' });
  });

  it('is told from one that may not be read, and from none', async () => {
    const own = { ...CONTAINER, sharesProcesses: false };
    assert.deepEqual(await look({ 1: PAUSE, 7: { started: 2, cgroup: `0::/../${ID}`, environ: null } }), {
      missing: 'unreadable',
    });
    rmSync(path, { recursive: true });
    mkdirSync(path);
    assert.deepEqual(await look({ 1: PAUSE, 7: { started: 2, cgroup: '0::/', environ: 'A=b\0' } }), {
      missing: 'unfound',
    });
    assert.deepEqual(await targetEnvironment(own, { path, self: '1' }), { missing: 'unfound' });
  });

  it('is none without an id, however the cgroups are called', async () => {
    const found = await look(
      { 1: PAUSE, 7: { started: 2, cgroup: '0::/x', environ: 'A=b\0' } },
      { ...CONTAINER, id: '' },
    );
    assert.deepEqual(found, { missing: 'unfound' });
  });
});
