/** Makes the machine's addresses, routes and rules equal to the desired state, and takes them back. */
import type { MachineFacts, MachineRoute } from '../../facts.ts';
import type { NamedState, NetworkState } from '../../network-state.ts';
import { cidrContains, parseAddress, parseRanges, isLoopback } from '../../../net/index.ts';
import type { LinuxJournal } from '../journal/linux-journal.ts';
import type { CommandResult, Run } from '../system/commands.ts';
import type { IpBatch } from '../system/ip-batch.ts';
import type { System } from '../system/system.ts';
import type { OutgoingConnections } from '../processes/outgoing-connections.ts';
import { admissionOf } from './admission.ts';
import { findOverlaps } from './overlaps.ts';
import {
  EMPTY_PLAN,
  FAMILIES,
  type Family,
  type FamilyPlan,
  applyLines,
  isEverything,
  linkLines,
  type PlanInput,
  planFamily,
  planNames,
  undoLines,
} from './policy-routing.ts';
import type { Outside } from '../processes/outside.ts';
import { routeTo } from './route-to.ts';
import { refuseSharedRanges } from '../../shared-ranges.ts';
import { type RuleNumbers, isBeforeSessions, isSessionTable, numbersOf } from './rule-numbers.ts';

const NO_NAMES: NamedState = { routes: [], pins: [], rules: [] };

export const EMPTY_STATE: NetworkState = {
  addresses: [],
  mtu: 1500,
  routes: [],
  pins: [],
  rules: [],
  unreachable: [],
  farRanges: [],
  resolver: null,
  forwarded: 'off',
};

const NO_ROUTES: Omit<FamilyPlan, 'rules'> = {
  addresses: [],
  deviceRoutes: new Map(),
  standingRoutes: new Map(),
};

type Plans = Readonly<Record<Family, FamilyPlan>>;

/** `ip rule` in JSON, as far as it is read here. */
interface ListedRule {
  readonly priority: number;
  readonly table?: string;
}

export type ListedRules = Readonly<Record<Family, readonly ListedRule[]>>;

export class Network {
  readonly #system: System;
  readonly #journal: LinuxJournal;
  readonly #tun: string;
  readonly #numbers: RuleNumbers;
  readonly #outside: Pick<Outside, 'mark' | 'obstacle'>;
  readonly #outgoing: Pick<OutgoingConnections, 'open' | 'close' | 'mark' | 'obstacle'>;
  #state: NetworkState = EMPTY_STATE;
  /** The link's; undefined when it has to be set up. */
  #mtu: number | undefined;
  #plans: Plans = { 4: EMPTY_PLAN, 6: EMPTY_PLAN };
  /** Which routes and addresses of these are still there is not known: all are laid again. */
  #areRoutesLost = false;
  /** The plan that was being laid when something failed: some of it may be there. */
  #attempted: Plans = { 4: EMPTY_PLAN, 6: EMPTY_PLAN };
  /** The state's own plans, what names add left out, and what they were made from. */
  #base: { readonly plans: Plans; readonly input: PlanInput } | undefined;
  #named: NamedState = NO_NAMES;
  /** Of its main table. */
  #machineRoutes: readonly string[] = [];
  readonly #ip: Readonly<Record<Family, IpBatch>>;

  /** `outside`: as it is at each change. */
  constructor(
    system: System,
    journal: LinuxJournal,
    tun: string,
    outside: Pick<Outside, 'mark' | 'obstacle'>,
    outgoing: Pick<OutgoingConnections, 'open' | 'close' | 'mark' | 'obstacle'>,
  ) {
    this.#outside = outside;
    this.#outgoing = outgoing;
    this.#system = system;
    this.#journal = journal;
    this.#tun = tun;
    this.#numbers = numbersOf(tun);
    this.#ip = { 4: system.openIp(4), 6: system.openIp(6) };
  }

  /**
   * Plain-word warnings; throws when the cluster, or another session, would be cut off.  Facts and rules are the machine's
   * as it is now.
   */
  async apply(state: NetworkState, facts: MachineFacts, rules?: ListedRules): Promise<readonly string[]> {
    refuseSharedRanges(this.#journal.name, state.routes, this.#journal.otherNetworks());
    const listed = rules ?? (await this.listRules());
    const { plans: present, routes } = await this.#look(facts, listed);
    this.#plans = present;
    const overlaps = findOverlaps([...state.routes, ...state.unreachable], state.pins, routes);

    if (state.routes.some(isEverything)) this.#outgoing.open(this.#tun, this.#numbers.outgoingMark);
    const disabled = this.#ipv6Disabled();
    const input = {
      state,
      tun: this.#tun,
      numbers: this.#numbers,
      kept: overlaps.kept,
      admission: admissionOf(state.forwarded, facts.bridges),
      ownAddresses: facts.addresses.map(({ address }) => address.replace(/\/\d+$/, '')).filter(isOwnGlobal),
      outside: this.#outside.mark,
      outgoing: this.#outgoing.mark,
      cubic: this.#wantsCubic(),
    };
    const plan = (family: Family): FamilyPlan => (family === 6 && disabled ? EMPTY_PLAN : planFamily(family, input));
    const base = { plans: { 4: plan(4), 6: plan(6) }, input };
    await this.#lay(base, this.#named, state.mtu === this.#mtu ? [] : linkLines(this.#tun, state.mtu, !disabled));
    this.#mtu = state.mtu;
    this.#base = base;
    this.#state = state;
    this.#machineRoutes = facts.routes.flatMap(({ destination, table }) => (table === undefined ? [destination] : []));

    const wantsV6 = [...state.routes, ...state.addresses].some((range) => range.includes(':'));
    return [
      ...overlaps.warnings,
      ...(disabled && wantsV6 ? [disabled] : []),
      ...this.#insideWarning(state),
      ...this.#boundWarnings(state),
      ...(await this.#diverted(
        state.routes.filter((range) => !disabled || !range.includes(':')),
        listed,
      )),
    ];
  }

  /** Told where it matters: when everything is routed, a login that the tunnel needs may be as well. */
  #insideWarning({ routes }: NetworkState): readonly string[] {
    const { obstacle } = this.#outside;
    if (obstacle === undefined || !routes.some(isEverything)) return [];
    return [
      `Credential plugins use the session here (${obstacle}): keep their login servers on this machine with filter.local.`,
    ];
  }

  /** What becomes of servers on this machine, and of programs that are bound to its addresses, where nothing marks either. */
  #boundWarnings({ routes, unreachable }: NetworkState): readonly string[] {
    const { obstacle } = this.#outgoing;
    if (obstacle === undefined || !routes.some(isEverything)) return [];
    return [
      `TCP from programs that bind to an address of this machine (curl --interface) bypasses the session here (${obstacle}).`,
      ...(unreachable.some(isEverything)
        ? ['While this session is up, servers on this machine can be reached by IPv6 only from their own link.']
        : []),
    ];
  }

  /** Ranges that policy rules of other programs, asked before ours, lead elsewhere. */
  async #diverted(ranges: readonly string[], rules: ListedRules): Promise<readonly string[]> {
    const warnings: string[] = [];
    for (const range of ranges) {
      const before = rules[range.includes(':') ? 6 : 4].some(
        ({ priority }) => priority > 0 && isBeforeSessions(priority),
      );
      if (!before) continue;
      const [address = ''] = range.split('/');
      const device = await routeTo(this.#system.run, { address, protocol: null, port: null });
      if (device === this.#tun || device === null) continue;
      warnings.push(
        `${range} goes to ${device}: a policy rule of another program comes before the session's (\`ip rule\` shows it).`,
      );
    }
    return warnings;
  }

  /**
   * What names add.  The machine is taken to be as it was read last, since reading it would take longer than a program may
   * be kept waiting; the part that notices the change applies the state again.
   */
  async applyNames(named: NamedState): Promise<void> {
    if (this.#base === undefined) throw new Error('names have been told before the ranges');
    await this.#lay(this.#base, named, []);
    this.#named = named;
  }

  async #lay(
    { plans: base, input }: { plans: Plans; input: PlanInput },
    named: NamedState,
    link: readonly string[],
  ): Promise<void> {
    const plan = (family: Family): FamilyPlan =>
      base[family] === EMPTY_PLAN ? EMPTY_PLAN : planNames(family, base[family], named, input);
    const plans: Plans = { 4: plan(4), 6: plan(6) };
    this.#journal.writeNetwork({
      tun: this.#tun,
      addresses: input.state.addresses,
      routes: input.state.routes,
      undo: {
        4: undoLines(this.#plans[4], this.#attempted[4], plans[4]),
        6: undoLines(this.#plans[6], this.#attempted[6], plans[6]),
      },
    });
    this.#attempted = plans;
    const lost = this.#areRoutesLost ? NO_ROUTES : {};
    for (const family of FAMILIES) {
      const before = { ...this.#plans[family], ...lost };
      const lines = [...(family === 4 ? link : []), ...applyLines(before, plans[family])];
      if (lines.length > 0) await this.#ip[family].run(lines);
    }
    this.#plans = plans;
    this.#areRoutesLost = false;
  }

  /** Whether packets to the address enter the TUN, as far as routes alone say it. */
  leadsTo(host: string): boolean {
    const address = parseAddress(host);
    if (address === null || this.#base === undefined) return false;
    const { kept, ownAddresses } = this.#base.input;
    if (isLoopback(host) || ownAddresses.includes(host)) return false;
    const longest = (ranges: readonly string[]): number =>
      Math.max(
        -1,
        ...(parseRanges(ranges) ?? []).filter((range) => cidrContains(range, address)).map(({ prefix }) => prefix),
      );
    const entering = longest([...this.#state.routes, ...this.#named.routes]);
    return (
      entering > longest([...this.#state.pins, ...this.#named.pins, ...kept]) &&
      entering >= longest(this.#machineRoutes)
    );
  }

  /** The same state again, after the machine changed around it. */
  async reapply(facts: MachineFacts): Promise<readonly string[]> {
    if (this.#state === EMPTY_STATE) return [];
    if (!(await this.#stands())) {
      // Which ones are missing is not worth finding out: what is there is replaced by the same.
      this.#areRoutesLost = true;
      this.#mtu = undefined;
    }
    return this.apply(this.#state, facts);
  }

  /** Whether the link is up, with its addresses and routes: who takes it down for a moment takes them away. */
  async #stands(): Promise<boolean> {
    const { run } = this.#system;
    const link = await run('ip', ['-oneline', 'address', 'show', 'dev', this.#tun, 'up']);
    const plans = Object.values(this.#plans);
    const addresses = plans.flatMap((plan) => plan.addresses).length;
    if (lineCount(link) !== addresses) return false;
    for (const family of FAMILIES) {
      const { deviceRoutes, standingRoutes } = this.#plans[family];
      const listed = await Promise.all(
        [this.#numbers.table, this.#numbers.remoteTable].map((table) =>
          run('ip', [`-${family}`, '-oneline', 'route', 'show', 'table', String(table)]),
        ),
      );
      const routes = listed.map(lineCount).reduce((sum, lines) => sum + lines, 0);
      if (routes !== deviceRoutes.size + standingRoutes.size) return false;
    }
    return true;
  }

  async listRules(): Promise<ListedRules> {
    const { run } = this.#system;
    const [v4, v6] = await Promise.all([listRules(run, 4), listRules(run, 6)]);
    return { 4: v4, 6: v6 };
  }

  /** Starts what `apply` needs. */
  prepare(): void {
    for (const family of FAMILIES) this.#ip[family].start();
  }

  close(): void {
    this.#outgoing.close();
    for (const family of FAMILIES) this.#ip[family].close();
  }

  /** What of the plans in force is still there, and the machine's routes that anything looks up. */
  async #look(facts: MachineFacts, rules: ListedRules): Promise<{ plans: Plans; routes: readonly MachineRoute[] }> {
    const tables = new Set([...rules[4], ...rules[6]].map((rule) => rule.table));
    return {
      plans: { 4: await this.#present(4, rules[4]), 6: await this.#present(6, rules[6]) },
      routes: facts.routes.filter(({ table }) => table === undefined || (tables.has(table) && !isSessionTable(table))),
    };
  }

  /**
   * What of the plan in force is still there.  Network daemons flush rules that they do not know when they start again.
   */
  async #present(family: Family, listed: readonly ListedRule[]): Promise<FamilyPlan> {
    const plan = this.#plans[family];
    const { admit, leave } = this.#numbers;
    const there = listed.filter((rule) => rule.priority >= admit && rule.priority <= leave).length;
    if (there === plan.rules.length) return plan;
    // Which ones are missing is not worth finding out: what is left goes (missing lines fail, and may), all come again.
    const rules = new Set([...plan.rules, ...this.#attempted[family].rules]);
    const lines = [...rules].map((line) => `rule del ${line}`);
    await this.#system.run('ip', [`-${family}`, '-force', '-batch', '-'], `${lines.join('\n')}\n`);
    return { ...plan, rules: [] };
  }

  #ipv6Disabled(): string | undefined {
    const value = this.#system.files.read(`/proc/sys/net/ipv6/conf/${this.#tun}/disable_ipv6`);
    if (value?.trim() === '0') return undefined;
    return 'IPv6 is disabled on this machine (net.ipv6.conf.default.disable_ipv6): the cluster is reached by IPv4 only.';
  }

  #wantsCubic(): boolean {
    const read = (name: string): string => this.#system.files.read(`/proc/sys/net/ipv4/${name}`)?.trim() ?? '';
    const available = read('tcp_available_congestion_control').split(' ');
    return read('tcp_congestion_control') !== 'cubic' && available.includes('cubic');
  }
}

/** A table that is not there has none. */
const lineCount = ({ code, stdout }: CommandResult): number =>
  code === 0 ? stdout.split('\n').filter((line) => line !== '').length : 0;

const isOwnGlobal = (address: string): boolean =>
  !address.startsWith('127.') && !address.startsWith('fe80:') && address !== '::1';

async function listRules(run: Run, family: Family): Promise<readonly ListedRule[]> {
  const result = await run('ip', [`-${family}`, '-json', 'rule', 'show']);
  // A kernel without IPv6 has no such rules.
  return result.code === 0 && result.stdout.trim() !== '' ? (JSON.parse(result.stdout) as ListedRule[]) : [];
}
