/**
 * One session, from `up` to `down`: opens the remote, then stack, resolver, routes and DNS, in the order in which a
 * failure leaves least behind; keeps them in step with what changes; answers `status`, `down` and `explain` meanwhile.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Config, loadConfig } from '../config/index.ts';
import { ControlServer, EventStream, type RawBytes } from '../control/server.ts';
import type { SessionEnvironment, SessionSettings, SessionStatus } from '../control/answers.ts';
import { MirrordError } from '../errors.ts';
import { describeFilter, type Explanation, Filter, routePlan } from '../filter/index.ts';
import type { PathChange, Remain, StartMessage } from '../ipc/protocol.ts';
import { RESUME_LIMIT_MS } from '../connection/limits.ts';
import type { MachineFacts } from '../machine/facts.ts';
import type { Discovery } from '../kube/cluster.ts';
import type { AgentInfo } from '../peer/agent-info.ts';
import { connectRaw } from './connect.ts';
import { askedNames } from './domains.ts';
import { targetEnvironment } from './environment.ts';
import { AgentPool } from './agents/pool.ts';
import { IncomingTraffic } from './incoming/incoming-traffic.ts';
import { openListeners } from './incoming/listeners.ts';
import { incomingPlan, isIncomingWanted } from './incoming/plan.ts';
import type { HostClient } from './host-client.ts';
import { type SessionLog, openLog } from './log.ts';
import { Capture } from './capture.ts';
import { scopeOf } from './network.ts';
import { AgentPath } from './path.ts';
import { openRemote } from './remote/open-remote.ts';
import type { Remote, RemoteReport } from './remote/remote.ts';
import { RuleMatches } from './rule-matches.ts';
import { effectiveSettings } from './settings.ts';
import { StatusFeed } from './status-feed.ts';
import { sessionStatus } from './status.ts';

/** `status` waits no longer than this for a round trip, ms. */
const STATUS_PING_MS = 1_000;
/** An agent that was lost while the session started has this long to be there again, ms; as new flows wait for it. */
const START_PATIENCE_MS = 30_000;

export class Session {
  readonly #start: StartMessage;
  readonly #host: HostClient;
  readonly #log: SessionLog;
  readonly #closing = new AbortController();
  /** Resolves to what the cluster keeps. */
  readonly #ended = Promise.withResolvers<readonly Remain[]>();
  readonly #warnings = new Set<string>();
  #phase: 'starting' | 'up' | 'stopping' = 'starting';
  #control: ControlServer | undefined;
  #remote: Remote | undefined;
  #agents: AgentPool | undefined;
  #capture: Capture | undefined;
  #incoming: IncomingTraffic | undefined;
  #isReleased = false;
  readonly #matches = new RuleMatches();
  readonly #statusFeed = new StatusFeed(() => this.#status());
  /** The host's latest word about the machine: it may come while the agent is still being started. */
  #changedFacts: MachineFacts | undefined;
  #config: Config | undefined;
  /** Known once the configuration has been read. */
  readonly #settings = Promise.withResolvers<SessionSettings>();
  #filter: Filter | undefined;
  #rttMs: number | null = null;
  #path: AgentPath | undefined;

  constructor(start: StartMessage, host: HostClient) {
    this.#start = start;
    this.#host = host;
    this.#log = openLog(start.options.name, start.options.verbose, (warning) => this.#warn(warning));
    if (this.#log.warning !== null) this.#warn(this.#log.warning);
  }

  /** Null when it cannot be written. */
  get logPath(): string | null {
    return this.#log.warning === null ? this.#log.path : null;
  }

  /** Resolves when everything stands; whatever fails is thrown, and `close` takes back what stood already. */
  async up(stop: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([stop, this.#closing.signal]);
    await this.#listen();
    const config = await this.#configure();
    this.#config = config;
    const filter = new Filter(config.feature.network);
    this.#filter = filter;
    await this.#host.asked(askedNames(filter));

    const report: RemoteReport = (step, state, text) => {
      // What is told later is about something that passes: a pod that is being replaced.
      if (state === 'warning' && this.#phase === 'starting') this.#warn(text);
      else this.#host.progress(step, state, text);
    };
    const remote = await openRemote(config, this.#start, this.#host, report, signal);
    this.#remote = remote;
    remote.warnings.forEach((warning) => this.#warn(warning));

    if (!(await this.#host.reserve([]))) await this.#reserveRanges(remote, filter, signal);

    const path = new AgentPath({
      keptMs: remote.agents.resumeLimitMs ?? RESUME_LIMIT_MS,
      agent: () => agentPlace(agents),
      tell: (change) => this.#tellPath(change),
      now: () => performance.now(),
      date: () => Date.now(),
    });
    this.#path = path;
    const agents: AgentPool = new AgentPool([remote.agents], {
      changed: (reason, retryMs) => this.#reachChanged(path, reason, retryMs),
      gone: (reason) => path.gone(reason),
      restarted: () => {
        if (this.#capture) this.#inBackground(this.#capture.agentChanged());
      },
    });
    this.#agents = agents;
    const starting = this.#startAgent(agents, report, signal);
    const [, discovery, facts, service, incoming] = await Promise.all([
      starting,
      remote.discover(starting, signal),
      this.#host.facts(),
      remote.exampleService(signal),
      isIncomingWanted(config) ? this.#openIncoming(remote, signal) : null,
    ]);
    discovery.notes.forEach((note) => this.#log.logger.info({ note }, 'discovery'));
    signal.throwIfAborted();
    const capture = new Capture(
      {
        start: this.#start,
        host: this.#host,
        filter,
        agents,
        matches: this.#matches,
        ownNames: () => remote.ownNames(),
        isLoggingIn: () => remote.isLoggingIn(),
        warn: (text) => this.#warn(text),
        report: (error) => this.#log.logger.debug({ error: String(error) }, 'a question failed'),
      },
      { discovery, facts: this.#changedFacts ?? facts, own: remote.ownAddresses() },
    );
    this.#capture = capture;
    if (this.#isReleased) capture.release();
    await capture.connect(service?.name);
    await incoming?.take(incomingPlan(config, remote.declaredPorts()));
    this.#keepInStep(remote, capture, signal);
    await this.#whenReachable(agents, signal);
    if (this.#phase !== 'starting') return;

    this.#phase = 'up';
    this.#statusFeed.changed();
    const words = describeFilter(filter);
    this.#log.logger.info({ routes: capture.network.routes, dns: capture.dns, filter: words }, 'ready');
    this.#host.ready({
      place: remote.cluster === null ? remote.target : null,
      service: service !== null && capture.reaches(service.name) ? service : null,
      log: this.logPath,
    });
  }

  machineChanged(facts: MachineFacts): void {
    this.#changedFacts = facts;
    this.#agents?.pathChanged();
    this.#incoming?.pathChanged();
    if (this.#capture && this.#remote) {
      this.#inBackground(this.#capture.machineChanged(facts, this.#remote.ownAddresses()));
    }
  }

  /** The first part of the end, while the machine still leads flows here; resets every one. */
  release(): void {
    this.#phase = 'stopping';
    this.#isReleased = true;
    // The target first: what comes for it from here on is its own.
    void this.#incoming?.close();
    this.#capture?.release();
  }

  /** Idempotent, bounded, never throws: each part has its own deadline. */
  async close(): Promise<void> {
    this.#phase = 'stopping';
    this.#closing.abort();
    this.#log.logger.info({ matches: this.#matches.list }, 'stopping');
    await Promise.allSettled([this.#incoming?.close(), this.#capture?.close(), this.#agents?.close()]);
    this.#remote?.close();
    this.#ended.resolve(this.#host.remaining);
    await this.#control?.close();
  }

  /**
   * Beside another session, which may have routed what this one wants: asking first costs less than an agent started for
   * nothing.  Ranges that only the agent can tell are checked when they are routed.
   */
  async #reserveRanges(remote: Remote, filter: Filter, signal: AbortSignal): Promise<void> {
    const [discovery, facts] = await Promise.all([
      remote.discover(Promise.resolve({ serviceHost: null }), signal),
      this.#host.facts(),
    ]);
    const scoped = filter.within(scopeOf({ discovery, facts, own: remote.ownAddresses() }));
    await this.#host.reserve(routePlan(scoped).routes);
  }

  async #startAgent(agents: AgentPool, report: RemoteReport, signal: AbortSignal): Promise<AgentInfo> {
    const startedAt = performance.now();
    const info = await agents.start((text) => report('agent', 'running', text), signal);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    this.#host.progress('agent', 'done', `${agentPlace(agents)}, ready in ${seconds} s`);
    return info;
  }

  /** Beside the other agent: it takes nothing yet. */
  async #openIncoming(remote: Remote, signal: AbortSignal): Promise<IncomingTraffic> {
    const incoming = new IncomingTraffic({
      agents: remote.incomingAgents,
      listeners: openListeners(),
      target: remote.target,
      report: (state, text) => this.#host.progress('incoming', state, text),
    });
    this.#incoming = incoming;
    await incoming.open(signal);
    return incoming;
  }

  async #configure(): Promise<Config> {
    const { options, cwd } = this.#start;
    const loaded = await loadConfig({ flags: options, env: process.env, cwd });
    const { config, notices, warnings } = loaded;
    this.#settings.resolve(effectiveSettings(loaded, options.dns, cwd, process.env));
    for (const notice of notices) this.#host.progress('config', 'warning', notice);
    for (const warning of warnings) this.#warn(warning);
    return config;
  }

  #keepInStep(remote: Remote, capture: Capture, signal: AbortSignal): void {
    remote.onOwnAddresses(async (own) => capture.machineChanged(await this.#host.facts(), own));
    remote.watch(
      capture.network.known.discovery,
      (next) => this.#inBackground(this.#discovered(capture, next)),
      signal,
    );
  }

  async #discovered(capture: Capture, discovery: Discovery): Promise<void> {
    this.#log.logger.info({ ranges: discovery.ranges, namespaces: discovery.namespaces }, 'the cluster has changed');
    await capture.discovered(discovery);
  }

  /** Since when, and why, no byte passes. */
  get #away(): SessionStatus['reconnecting'] {
    return this.#path?.away ?? null;
  }

  get #state(): SessionStatus['state'] {
    if (this.#phase !== 'up') return this.#phase;
    return this.#away === null ? 'ready' : 'reconnecting';
  }

  #reachChanged(path: AgentPath, reason: string | null, retryMs: number | null): void {
    if (reason === null) path.back();
    else path.lost(reason, retryMs);
    this.#statusFeed.changed();
    if (this.#phase === 'up') this.#log.logger.info({ reason }, this.#state);
  }

  /** What is lost while the session starts is a part of its start. */
  #tellPath(change: PathChange): void {
    if (this.#phase === 'up') this.#host.path(change);
    else if (change.state === 'back') this.#host.progress('agent', 'done', change.agent);
    else if (change.keptMs === null)
      this.#host.progress('agent', 'warning', `${change.reason}; starting another agent`);
  }

  /** The session is ready only once bytes can pass. */
  async #whenReachable(agents: AgentPool, signal: AbortSignal): Promise<void> {
    const { away } = agents;
    if (away === null) return;
    this.#host.progress('agent', 'running', `${away}; waiting for the agent`);
    const patience = AbortSignal.timeout(START_PATIENCE_MS);
    try {
      await agents.whenReachable(AbortSignal.any([signal, patience]));
    } catch (error) {
      throw patience.aborted ? agentAway(agents.away ?? away) : error;
    }
    this.#host.progress('agent', 'done', `${agentPlace(agents)}, ready again`);
  }

  #warn(text: string): void {
    if (this.#warnings.has(text)) return;
    this.#warnings.add(text);
    this.#log.logger.warn(text);
    this.#host.progress('config', 'warning', text);
  }

  /** Work that nothing waits for: its failure is a warning, not the session's end. */
  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#warn(error instanceof Error ? error.message : String(error));
    });
  }

  async #listen(): Promise<void> {
    this.#control = new ControlServer(join(this.#start.folder, 'control.sock'), {
      status: () => this.#status(),
      watch: (_params, signal) => new EventStream(this.#statusFeed.follow(signal)),
      connect: (params, signal) => this.#connect(params, signal),
      ping: () => this.#ping(),
      explain: (params) => this.#explain(params),
      env: (_params, signal) => this.#environment(signal),
      settings: () => this.#settings.promise,
      down: () => {
        this.#phase = 'stopping';
        this.#statusFeed.changed();
        this.#host.down();
        return this.#ended.promise;
      },
    });
    await this.#control.listen();
  }

  #connect(params: unknown, signal: AbortSignal): Promise<RawBytes> {
    const tunnel = this.#agents?.tunnel;
    if (!tunnel) throw agentAway(this.#away?.reason);
    return connectRaw(params, tunnel, signal);
  }

  async #ping(): Promise<{ rtt_ms: number }> {
    const tunnel = this.#agents?.tunnel;
    if (!tunnel || !this.#path || this.#away) throw agentAway(this.#away?.reason);
    this.#rttMs = await whilePassing(tunnel.ping(), this.#path.passing);
    return { rtt_ms: this.#rttMs };
  }

  /** Bounded: the status of a tunnel that has fallen silent has the last round trip known. */
  async #freshRoundTrip(): Promise<void> {
    const measured = this.#ping().catch(() => undefined); // away: the state says so
    await Promise.race([measured, delay(STATUS_PING_MS, undefined, { ref: false })]);
  }

  #environment(signal: AbortSignal): Promise<SessionEnvironment> {
    if (!this.#remote || !this.#config) throw stillStarting();
    return targetEnvironment(this.#config, this.#start.cwd, this.#remote, this.#agents?.tunnel, signal);
  }

  #explain(params: unknown): Promise<Explanation> {
    const explanation = this.#state === 'starting' ? null : this.#capture?.explain(String(params));
    if (!explanation) throw stillStarting();
    return explanation;
  }

  async #status(): Promise<SessionStatus> {
    const [dropped, incoming] = await Promise.all([
      this.#host.strangers().catch(() => null),
      this.#incoming?.ports() ?? [],
      this.#freshRoundTrip(),
    ]);
    return sessionStatus({
      start: this.#start,
      state: this.#state,
      reconnecting: this.#state === 'reconnecting' ? this.#away : null,
      remote: this.#remote,
      agents: this.#agents,
      capture: this.#capture,
      filter: this.#filter,
      matches: this.#matches,
      rttMs: this.#rttMs,
      dropped,
      incoming,
      warnings: this.#warnings,
      log: this.logPath,
    });
  }
}

/** A question that is on its way when the agent is lost would be answered after its return, if ever. */
async function whilePassing<T>(answer: Promise<T>, passing: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const lost = (): void => reject(agentAway(String(passing.reason)));
  passing.addEventListener('abort', lost, { once: true });
  try {
    return await Promise.race([answer, promise]);
  } finally {
    passing.removeEventListener('abort', lost);
  }
}

function agentAway(reason?: string): MirrordError {
  const why = reason === undefined ? '' : `: ${reason}`;
  return new MirrordError('cluster', 'agent-away', `The agent cannot be reached at the moment${why}.`, {
    help: 'Wait until the agent can be reached: mirrord status --wait',
  });
}

function stillStarting(): MirrordError {
  return new MirrordError('unexpected', 'session-starting', 'The session is still starting.', {
    help: 'Try again when `mirrord status` says ready.',
  });
}

function agentPlace({ outgoing: { agent } }: AgentPool): string {
  return `${agent?.name}${agent?.node ? ` on ${agent.node}` : ''}`;
}
