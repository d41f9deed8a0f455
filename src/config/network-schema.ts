import * as z from 'zod';
import { field, flag, group, list, optionalList, port, ports } from './field.ts';
import { httpFilterSchema } from './http-filter-schema.ts';

const FORWARDED = 'it must be "bridges", "off" or a list of CIDRs';

const outgoingFilter = field(
  z
    .strictObject({
      local: optionalList('What stays on this machine. Everything else in scope goes to the cluster.'),
      remote: optionalList(
        "What goes to the cluster, also outside the cluster's ranges. Everything else stays on this machine.",
      ),
    })
    .optional(),
  'Which connections stay on this machine, or which ones go to the cluster. Only one of the two lists; entries are `[tcp://|udp://][HOST][/PREFIX][:PORT]`.',
);

const dnsFilter = field(
  z
    .strictObject({
      local: optionalList('Names that this machine answers. Other names are answered as without a filter.'),
      remote: optionalList('Names that the cluster answers. This machine answers every other name.'),
    })
    .optional(),
  'Which names this machine answers, or which ones the cluster answers. Only one of the two lists; entries are hosts. Names in `outgoing.filter` count as listed here, on their side.',
);

const outgoing = group(
  {
    tcp: flag('Whether TCP goes to the cluster; when off, none of it is ever routed.', true, {
      env: 'MIRRORD_TCP_OUTGOING',
    }),
    udp: flag('Whether UDP goes to the cluster; when off, none of it is ever routed.', true, {
      env: 'MIRRORD_UDP_OUTGOING',
    }),
    filter: outgoingFilter,
    scope: field(
      z.enum(['cluster', 'all'], 'it must be "cluster" or "all"').default('cluster'),
      "`cluster`: the cluster's ranges and names. `all`: everything but loopback and what is never captured.",
      { kind: 'text', ours: true },
    ),
    forwarded: field(
      z.union([z.enum(['bridges', 'off']), z.array(z.string())], FORWARDED).default('bridges'),
      "Which other machines may use the session. `bridges`: those on this machine's container and VM bridges. `off`: no others. A list of CIDRs: packets from those sources.",
      { ours: true },
    ),
    routes: group(
      {
        include: list('CIDRs that go to the cluster as well.', { ours: true }),
        exclude: list('CIDRs that stay on this machine.', { ours: true }),
      },
      'Ranges added to, or taken out of, the scope; the more specific range wins.',
      { ours: true },
    ),
  },
  'Connections that this machine opens. `false` turns TCP and UDP off.',
  { shorthand: 'boolean' },
);

const dns = group(
  {
    enabled: flag("Whether the cluster answers its names. When off, this machine's DNS is left alone.", true, {
      env: 'MIRRORD_REMOTE_DNS',
    }),
    filter: dnsFilter,
    domains: list(
      "Domains that are the cluster's with every name below them, also public ones (`dev`, where a namespace is called so) and a cluster domain that the API server does not confirm.",
      { ours: true },
    ),
    hosts: field(
      z.record(z.string(), z.array(z.string())).default({}),
      'Names with a fixed answer, as in a hosts file: a name to an address or a list of addresses.',
      { ours: true },
    ),
  },
  "The cluster's DNS. `false` turns it off.",
  { shorthand: 'boolean' },
);

const incoming = group(
  {
    mode: field(
      z.enum(['off', 'steal', 'mirror'], 'it must be "steal", "mirror" or "off"').default('off'),
      "`steal`: connections to the target's ports come to this machine. `off`: they stay there. An object without it means `mirror`.",
      {
        env: 'MIRRORD_AGENT_TCP_STEAL_TRAFFIC',
        kind: 'text',
        words: { true: 'steal', '1': 'steal', false: 'off', '0': 'off' },
      },
    ),
    ports: ports("The target's ports that are taken.", {
      default: 'those that its container declares',
    }),
    ignore_ports: ports("This machine's ports to which nothing comes."),
    ignore_localhost: flag('Whether a program that listens on 127.0.0.1 or ::1 only does not count.', false),
    port_mapping: field(
      z.array(z.tuple([port, port])).default([]),
      "Pairs of a port of this machine and the target's port that comes to it.",
    ),
    http_filter: httpFilterSchema,
    fallback: field(
      z.enum(['error', 'original'], 'it is "error" or "original"').default('error'),
      'What becomes of a request that a program here should answer and cannot: `error` is 502, `original` has the target answer it.',
      { kind: 'text', ours: true },
    ),
  },
  'Connections to the target. `true` and `"mirror"` copy them, `"steal"` takes them, `false` leaves them alone.',
  { shorthand: 'boolean' },
);

export const networkSchema = group(
  {
    incoming,
    outgoing,
    dns,
    ipv6: flag("Whether IPv6 is routed; when off, AAAA questions for the cluster's names have no answer.", true),
  },
  'The network. `false` turns `incoming`, `outgoing` and `dns` off.',
  { shorthand: 'boolean' },
);
