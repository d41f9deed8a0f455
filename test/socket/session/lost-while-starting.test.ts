/** A whole session against agents of this process; the machine is a fake that answers when the test lets it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask } from '../../../src/control/request.ts';
import type { SessionStatus } from '../../../src/control/answers.ts';
import type {
  HostOperations,
  HostToSession,
  PathChange,
  SessionToHost,
  StartMessage,
} from '../../../src/ipc/protocol.ts';
import type { MachineFacts } from '../../../src/machine/facts.ts';
import type { DnsState } from '../../../src/machine/dns-state.ts';
import { type HostChannel, HostClient } from '../../../src/session/host-client.ts';
import { Session } from '../../../src/session/session.ts';
import { readPublicKey } from '../../../src/connection/key.ts';
import { agentServices } from '../../../src/peer/agent-services.ts';
import { TunnelServer } from '../../../src/peer/server.ts';
import { until } from '../support/agent-process.ts';

const FACTS: MachineFacts = {
  routes: [],
  bridges: [],
  addresses: [],
  dns: { servers: ['192.0.2.1'], asked: [], search: [], ndots: 1, resolved: false, resolvConf: '', overwritten: false },
};

/** One agent: the names that it knows are `search`. */
class FakeAgent {
  readonly #listener: Server;
  readonly #server: TunnelServer;
  readonly #transports = new Set<Socket>();
  isReachable = true;

  constructor(publicKey: string, search: string) {
    const info = { version: '', node: '', hostname: '', addresses: [], serviceHost: null, ipv6: false };
    this.#server = new TunnelServer(
      { publicKey: readPublicKey(publicKey) },
      agentServices({
        tcp: (flow) => flow.refuse('ECONNREFUSED'),
        udp: (flow) => flow.refuse('ECONNREFUSED'),
        resolve: () => Promise.reject(new Error('no name server')),
        probe: () => Promise.resolve({ ok: true }),
        info: () => ({ ...info, resolvConf: `search ${search}\n`, hosts: '' }),
        environment: () => Promise.resolve({ missing: 'unfound' }),
      }),
      { connected() {}, note() {} },
    );
    this.#listener = createServer((socket) => {
      this.#transports.add(socket);
      socket.on('error', () => {});
      if (this.isReachable) this.#server.accept(socket);
      else socket.destroy();
    });
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve) => this.#listener.listen(path, resolve));
  }

  /** The transport is cut; a new one gets through only when the agent is reachable. */
  cut(): void {
    for (const socket of this.#transports) socket.destroy();
  }

  end(): void {
    this.#server.close('the pod was deleted');
    this.#listener.close();
  }
}

/** The root part: answers at once, but for the operation that the test holds. */
class FakeHost implements HostChannel {
  readonly agents: FakeAgent[] = [];
  readonly asked: { readonly op: string; readonly args: readonly unknown[] }[] = [];
  readonly told: SessionToHost[] = [];
  /** This operation has no answer before `go`. */
  held: keyof HostOperations | null = null;
  go: () => void = () => {};
  readonly #listeners: ((message: unknown) => void)[] = [];

  on(event: 'message' | 'disconnect', listener: (message: unknown) => void): void {
    if (event === 'message') this.#listeners.push(listener);
  }

  tell(message: HostToSession): void {
    for (const listener of this.#listeners) listener(message);
  }

  send(message: SessionToHost): boolean {
    if (message.type !== 'request') {
      this.told.push(message);
      return true;
    }
    const { id, op, args } = message;
    this.asked.push({ op, args });
    const answer = (): void => void this.#answer(op, args).then((value) => this.tell({ type: 'reply', id, value }));
    if (op === this.held) this.go = answer;
    else answer();
    return true;
  }

  get dns(): DnsState | undefined {
    return this.asked.findLast(({ op }) => op === 'dns')?.args[0] as DnsState | undefined;
  }

  async #answer(op: keyof HostOperations, args: readonly unknown[]): Promise<unknown> {
    switch (op) {
      case 'facts':
        return FACTS;
      case 'reserve':
        return true;
      case 'target':
        return { ranges: ['10.96.0.0/16'], addresses: [], resolvConf: '' };
      case 'startAgent': {
        const agent = new FakeAgent(String(args[0]), `agent${this.agents.length + 1}.example`);
        this.agents.push(agent);
        return agent.listen(String(args[1]));
      }
      case 'network':
        return [];
      case 'dns':
        return { mode: 'resolved', reason: 'test', isNotable: false };
      default:
        return undefined;
    }
  }
}

/** What is under way in this process arrives. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a session whose agent is lost while it starts', () => {
  let folder: string;
  let fd: number;
  let host: FakeHost;
  let session: Session;
  const state = process.env['XDG_STATE_HOME'];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mirrord-session-'));
    process.env['XDG_STATE_HOME'] = folder;
    // Stands in for the TUN: nothing ever comes out of it.
    const tun = join(folder, 'tun');
    execFileSync('mkfifo', [tun]);
    fd = openSync(tun, constants.O_RDWR | constants.O_NONBLOCK);
    host = new FakeHost();
    const client = new HostClient(host);
    const start: StartMessage = {
      type: 'start',
      options: {
        name: 'test',
        target: 'netns/test',
        includeRoutes: [],
        excludeRoutes: [],
        domains: [],
        dns: 'auto',
        verbose: false,
        overrides: {},
      },
      tun: { name: 'mirrord0', fd },
      folder,
      cwd: folder,
      agentBundle: '',
      environment: {},
    };
    host.tell(start);
    session = new Session(await client.started, client);
    client.listen({ stop() {}, release() {}, changed: (facts) => session.machineChanged(facts) });
  });
  afterEach(async () => {
    await session.close();
    for (const agent of host.agents) agent.end();
    closeSync(fd);
    rmSync(folder, { recursive: true });
    if (state === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = state;
  });

  const status = async (): Promise<SessionStatus> =>
    (await ask(
      join(folder, 'control.sock'),
      'status',
      null,
      AbortSignal.timeout(5_000),
      process.geteuid?.() ?? -1,
    )) as SessionStatus;
  const isReady = (): boolean => host.told.some(({ type }) => type === 'ready');

  /** Begins the start, which waits for `op`. */
  async function upTo(op: keyof HostOperations): Promise<{ readonly done: Promise<void> }> {
    host.held = op;
    const done = session.up(new AbortController().signal);
    done.catch(() => {});
    await until(() => host.asked.some((question) => question.op === op), op);
    host.held = null;
    return { done };
  }

  for (const op of ['facts', 'network', 'dns'] as const) {
    it(`says what its successor says, when that came during ${op}`, async () => {
      const { done } = await upTo(op);
      await until(() => JSON.stringify(host.told).includes(', ready in'), 'an agent');
      host.agents[0]?.end();
      await until(() => host.agents.length === 2, 'another agent');
      host.go();
      await done;
      await until(() => host.dns?.search[0] === 'agent2.example', 'its names');
      assert.ok(isReady());
      assert.equal((await status()).state, 'ready');
    });
  }

  it('is ready only when the tunnel stands again', async () => {
    const { done } = await upTo('network');
    const [agent] = host.agents;
    assert.ok(agent);
    agent.isReachable = false;
    agent.cut();
    await turns(20);
    host.go();
    await until(() => JSON.stringify(host.told).includes('waiting for the agent'), 'what it waits for');
    assert.equal(isReady(), false);
    assert.equal((await status()).state, 'starting');
    agent.isReachable = true;
    await done;
    assert.ok(isReady());
    assert.equal((await status()).state, 'ready');
    agent.isReachable = false;
    agent.cut();
    for (const end = performance.now() + 5_000; (await status()).state !== 'reconnecting';) {
      assert.ok(performance.now() < end, 'the loss is shown');
    }
  });

  /** What was told of the way to the agent since the session was up. */
  const changes = (): readonly PathChange[] => host.told.flatMap((each) => (each.type === 'path' ? [each.change] : []));
  const inState = async (wanted: SessionStatus['state']): Promise<SessionStatus> => {
    for (const end = performance.now() + 10_000; ;) {
      const now = await status();
      if (now.state === wanted) return now;
      assert.ok(performance.now() < end, `${now.state} is not ${wanted}`);
    }
  };

  it('tells once that the way was lost and why, that it is there again, and when it is tried', async () => {
    await session.up(new AbortController().signal);
    const [agent] = host.agents;
    assert.ok(agent);
    agent.isReachable = false;
    agent.cut();
    const { reconnecting } = await inState('reconnecting');
    assert.ok(Math.abs(Date.parse(reconnecting?.since ?? '') - Date.now()) < 5_000);
    await assert.rejects(
      ask(join(folder, 'control.sock'), 'ping', null, AbortSignal.timeout(1_000), process.geteuid?.() ?? -1),
      { code: 'agent-away', message: /^The agent cannot be reached at the moment: \S/ },
    );
    for (const end = performance.now() + 5_000; (await status()).reconnecting?.next_try === null;) {
      assert.ok(performance.now() < end, 'the next try is told');
    }
    agent.isReachable = true;
    await inState('ready');
    assert.deepEqual(
      changes().map((change) => change.state),
      ['lost', 'back'],
    );
    const [lost, back] = changes();
    assert.ok(lost?.state === 'lost' && lost.reason !== '' && lost.keptMs === 120_000, JSON.stringify(lost));
    assert.ok(back?.state === 'back' && back.connections === 'kept' && back.afterMs > 0, JSON.stringify(back));
  });

  it('tells that open connections were reset when it is another agent that is there', async () => {
    await session.up(new AbortController().signal);
    host.agents[0]?.end();
    await until(() => changes().length === 2, 'lost and there again');
    const [lost, back] = changes();
    assert.ok(lost?.state === 'lost' && lost.keptMs === null, JSON.stringify(lost));
    assert.ok(back?.state === 'back' && back.connections === 'reset', JSON.stringify(back));
  });
});
