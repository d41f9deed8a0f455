/** `mirrord explain` against the running session: what is asked, looked up for real, and which rule decided. */
import { type Explanation, type NameRoutes, type ScopedFilter, explain, parseDestination } from '../filter/index.ts';
import { isClusterName } from '../names/classify.ts';
import type { HostOperations } from '../ipc/protocol.ts';
import { elsewhere } from './elsewhere.ts';
import type { SessionNames } from './names.ts';
import type { ProgramForm } from '../names/program-search.ts';

export interface ExplainSources {
  readonly host: HostOperations;
  readonly names: SessionNames;
  readonly nameRoutes: NameRoutes;
  readonly scoped: ScopedFilter;
  /** Names of the namespaces that are known (`Discovery`). */
  readonly namespaces: readonly string[];
}

/** Programs ask for nothing that has an answer. */
const NOT_FOUND = { by: 'machine' as const, addresses: [], failure: 'NXDOMAIN' };

export async function explainDestination(text: string, sources: ExplainSources): Promise<Explanation> {
  const { host, names, nameRoutes, scoped, namespaces } = sources;
  const asked = parseDestination(text);
  // What a program is told is not what it asks, where the machine has a search list.
  const form = asked.name === null ? null : await names.programForm(asked.name);
  const target = form === null ? asked : { ...asked, name: form.name ?? asked.name };
  const looked = target.name === null ? null : await lookUp(target.name, names, scoped);
  const answer = form?.name === null ? NOT_FOUND : looked;
  // A namespace that was found just now is every program's from here on.
  await names.settled();
  const isAbsent = answer !== null && 'failure' in answer && answer.failure === 'NXDOMAIN';
  const places = target.name !== null && isAbsent ? await elsewhere(target.name, { names, namespaces }) : [];
  const address = target.address ?? answer?.addresses[0];
  const { tcp, udp } = scoped.filter.settings.outgoing;
  // With one protocol off, what is said of a destination as such is said of the other.
  const protocol = target.protocol ?? (tcp === udp ? null : tcp ? 'tcp' : 'udp');
  const route = address === undefined ? null : await host.route({ address, protocol, port: target.port });
  const explanation = explain(target, scoped, {
    names: names.known,
    elsewhere: places,
    ...(answer === null ? {} : { answer }),
    ...(address === undefined ? {} : { holders: nameRoutes.holders(address) }),
    ...(route === null ? {} : { route }),
  });
  const notes = form === null || asked.name === null ? [] : notesOf(asked.name, form, names);
  return { ...explanation, notes: [...explanation.notes, ...notes] };
}

function notesOf(asked: string, { name, rival }: ProgramForm, names: SessionNames): readonly string[] {
  if (name === null) {
    return [`programs that are told ${asked} find nothing: systemd-resolved answers no single-label names here`];
  }
  const searched = `programs that are told ${asked} get ${name}, because of this machine's search list`;
  const either = `glibc programs get ${name} or ${rival}, whichever answer comes first: systemd-resolved asks for both`;
  const withheld = `the pod's /etc/hosts also has it, which is ignored here (use --domain ${name} to change that)`;
  return [
    ...(asked === name ? [] : [searched]),
    ...(rival === undefined ? [] : [either]),
    ...(names.isWithheldHost(name) ? [withheld] : []),
  ];
}

async function lookUp(name: string, names: SessionNames, { filter }: ScopedFilter) {
  const forms = names.forms(name);
  // Programs read the hosts file, in which only the name itself counts, before they ask any server.
  const own = await names.hosts(forms.slice(0, 1));
  if (own !== undefined) return { by: 'machine' as const, addresses: own, source: '/etc/hosts' };
  const fixed = filter.settings.dns.enabled ? filter.host(forms) : undefined;
  if (fixed !== undefined) {
    // Asked like a program, so that the route that is shown next is the one that a program finds.
    await names.lookUp(name);
    return { by: 'fixed' as const, addresses: fixed };
  }
  const { answer } = names.resolve(forms);
  if (answer !== 'local' && filter.settings.dns.enabled && names.podHosts(forms) !== undefined) {
    const hosts = await names.hosts(forms);
    if (hosts !== undefined) return { by: 'machine' as const, addresses: hosts, source: '/etc/hosts' };
    return { by: 'cluster' as const, ...(await names.lookUp(name)), source: "the pod's /etc/hosts" };
  }
  if (answer === 'cluster' || (answer === 'default' && isClusterName(name, names.known))) {
    return { by: 'cluster' as const, ...(await names.lookUp(name)) };
  }
  const hosts = await names.hosts(forms);
  if (hosts !== undefined) return { by: 'machine' as const, addresses: hosts, source: '/etc/hosts' };
  return { by: 'machine' as const, ...(await names.lookUp(name)) };
}
