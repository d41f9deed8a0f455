/** Questions, answers and a scripted resolver for the DNS tests; dns-packet is the independent witness of the bytes. */
import dnsPacket, { type Answer, type DecodedPacket, type RecordType } from 'dns-packet';
import { clusterNames, type KnownNames } from '../../../src/names/cluster-names.ts';
import type { Relay } from '../../../src/dns/relay.ts';
import { createResolver, type Resolver, type ResolverPolicy, type ResolverPorts } from '../../../src/dns/resolver.ts';

export const NAMES: Required<KnownNames> = {
  clusterDomain: 'cluster.local',
  zones: ['cluster.local'],
  namespaces: ['default', 'prod', 'dev', 'kube-system', 'local'],
  shortNamespaces: ['default', 'prod', 'kube-system', 'local'],
  search: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'ec2.internal'],
  ndots: 5,
  ranges: ['10.96.0.0/12', '10.244.0.0/24', 'fd00:10:96::/112'],
};

/** For what only asks plain questions. */
export const NO_RELAY: Relay = {
  datagram: () => Promise.reject(new Error('relayed')),
  connect: () => Promise.reject(new Error('relayed')),
};

export const RD = dnsPacket.RECURSION_DESIRED;

export interface QuestionOptions {
  readonly id?: number;
  /** Adds EDNS with this UDP payload size. */
  readonly edns?: number;
  readonly dnssec?: boolean;
}

export function question(name: string, type: RecordType = 'A', options: QuestionOptions = {}): Buffer {
  const opt = {
    type: 'OPT' as const,
    name: '.' as const,
    udpPayloadSize: options.edns ?? 0,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: options.dnssec === true ? dnsPacket.DNSSEC_OK : 0,
    flag_do: options.dnssec === true,
    options: [],
  };
  return dnsPacket.encode({
    type: 'query',
    id: options.id ?? 4711,
    flags: RD,
    questions: [{ name, type, class: 'IN' }],
    additionals: options.edns === undefined ? [] : [opt],
  });
}

/** An answer to `message` with these records and this response code. */
export function answerTo(
  message: Uint8Array,
  answers: readonly Answer[],
  rcode = 0,
  authorities: Answer[] = [],
): Buffer {
  const { id, questions } = dnsPacket.decode(Buffer.from(message));
  return dnsPacket.encode({
    type: 'response',
    id: id ?? 0,
    flags: RD | rcode,
    questions: questions ?? [],
    answers: [...answers],
    authorities,
  });
}

const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

export function decode(message: Uint8Array | null): DecodedPacket & { rcode: string } {
  if (message === null) throw new Error('no answer');
  const packet = dnsPacket.decode(Buffer.from(message));
  return { ...packet, rcode: RCODES[(message[3] ?? 0) & 15] ?? 'unknown' };
}

/** TTL of each record of the answer section, seconds. */
export function ttls(message: Uint8Array | null): (number | undefined)[] {
  return (decode(message).answers ?? []).map((record) => ('ttl' in record ? record.ttl : undefined));
}

/** "owner TYPE data" of each record of the answer section. */
export function answerLines(message: Uint8Array | null): string[] {
  return (decode(message).answers ?? []).map((record) => {
    const data = 'data' in record ? record.data : '';
    return `${record.name} ${record.type} ${typeof data === 'string' ? data : JSON.stringify(data)}`;
  });
}

/** Name and type of a question as text: `db.default.svc.cluster.local A`. */
export function asked(message: Uint8Array): string {
  const first = decode(message).questions?.[0];
  return `${first?.name ?? ''} ${first?.type ?? ''}`;
}

/** What a DNS server of the test knows: "name TYPE" to addresses, or to an outcome. */
export type Zone = Readonly<Record<string, readonly string[] | 'nodata' | 'servfail' | 'refused' | 'silent'>>;

/** Answers by `zone`, NXDOMAIN for what it lacks; a name that has another type is NODATA. */
export function answerFromZone(message: Uint8Array, zone: Zone): Promise<Uint8Array> {
  const key = asked(message)
    .toLowerCase()
    .replace(/\S+$/, (type) => type.toUpperCase());
  const [name = '', type = ''] = key.split(' ');
  const entry = zone[key];
  if (entry === 'silent') return new Promise(() => undefined);
  if (entry === 'servfail') return Promise.resolve(answerTo(message, [], 2));
  if (entry === 'refused') return Promise.resolve(answerTo(message, [], 5));
  if (entry === 'nodata') return Promise.resolve(answerTo(message, []));
  if (entry === undefined) {
    const exists = Object.keys(zone).some((each) => each.startsWith(`${name} `));
    return Promise.resolve(answerTo(message, [], exists ? 0 : 3));
  }
  const owner = decode(message).questions?.[0]?.name ?? name;
  const records = entry.map((data) => ({ name: owner, type, ttl: 30, class: 'IN', data }) as Answer);
  return Promise.resolve(answerTo(message, records));
}

export interface Bench {
  readonly resolver: Resolver;
  /** Questions in the order in which they came. */
  readonly cluster: string[];
  readonly upstream: string[];
  readonly announced: string[];
  readonly reported: unknown[];
  /** Milliseconds; moved by the test. */
  clock: number;
}

export interface BenchOptions {
  readonly names?: Partial<KnownNames>;
  readonly cluster?: Zone;
  readonly upstream?: Zone;
  readonly policy?: Partial<ResolverPolicy>;
  readonly ports?: Partial<ResolverPorts>;
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  readonly targetHosts?: Readonly<Record<string, readonly string[]>>;
}

/** A resolver between a scripted cluster and scripted servers of the machine. */
export function bench(options: BenchOptions = {}): Bench {
  const cluster: string[] = [];
  const upstream: string[] = [];
  const announced: string[] = [];
  const reported: unknown[] = [];
  const clock = { now: 0 };
  const resolver = createResolver(
    clusterNames({ ...NAMES, ...options.names }),
    {
      rule: () => 'default',
      host: () => undefined,
      ipv6: true,
      prepareAnswer: (name, addresses, ttl, side) => {
        announced.push(`${side} ${name} ${addresses.join(',')} ${ttl}`);
        return Promise.resolve();
      },
      ...options.policy,
    },
    {
      cluster: (message) => {
        cluster.push(asked(message));
        return answerFromZone(message, options.cluster ?? {});
      },
      upstream: (message) => {
        upstream.push(asked(message));
        return answerFromZone(message, options.upstream ?? {});
      },
      namespaceExists: () => Promise.resolve(false),
      serviceExists: () => Promise.resolve(false),
      mayBeService: () => Promise.resolve(false),
      hosts: (names) =>
        Promise.resolve(names.map((name) => options.hosts?.[name]).find((addresses) => addresses !== undefined)),
      targetHosts: (names) =>
        names.map((name) => options.targetHosts?.[name]).find((addresses) => addresses !== undefined),
      now: () => clock.now,
      report: (error) => reported.push(error),
      ...options.ports,
    },
  );
  return {
    resolver,
    cluster,
    upstream,
    announced,
    reported,
    get clock() {
      return clock.now;
    },
    set clock(now: number) {
      clock.now = now;
    },
  };
}
