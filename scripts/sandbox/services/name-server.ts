/**
 * An authoritative name server over UDP and TCP that writes every question into a log, one `TYPE name` per line.
 *
 * Beside the log may lie `LOG.records`, a JSON array of records that go before the zone's: names that change their
 * answers from one question to the next.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import { decode, encode, streamDecode, streamEncode } from 'dns-packet';
import type { Answer, Packet } from 'dns-packet';
import type { Zone } from './zone.ts';
import { defined } from '../../../src/defined.ts';

/** Largest answer over UDP to a client that announces no EDNS size (RFC 1035, section 4.2.1). */
const PLAIN_UDP_BYTES = 512;
const AUTHORITATIVE = 1 << 10;
const TRUNCATED = 1 << 9;
const RECURSION_AVAILABLE = 1 << 7;
const NXDOMAIN = 3;
const REFUSED = 5;

export async function startNameServer(zone: Zone, addresses: readonly string[], log: string): Promise<void> {
  writeFileSync(log, '');
  const answer = (query: Packet): Packet => {
    const question = query.questions?.[0];
    if (question) appendFileSync(log, `${question.type} ${question.name}\n`);
    return respond(zone, query, published());
  };
  const published = (): readonly Answer[] =>
    existsSync(`${log}.records`) ? (JSON.parse(readFileSync(`${log}.records`, 'utf8')) as Answer[]) : [];

  for (const address of addresses) {
    const udp = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    udp.on('message', (message, peer) => {
      const query = decode(message);
      const edns = query.additionals?.find((record) => record.type === 'OPT');
      const limit = edns && 'udpPayloadSize' in edns ? edns.udpPayloadSize : PLAIN_UDP_BYTES;
      const full = answer(query);
      const encoded = encode(full);
      const fits = encoded.length <= limit;
      udp.send(
        fits ? encoded : encode({ ...full, answers: [], flags: (full.flags ?? 0) | TRUNCATED }),
        peer.port,
        peer.address,
      );
    });
    udp.bind(53, address);
    await once(udp, 'listening');

    const tcp = createServer((socket) => {
      let held = Buffer.alloc(0);
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk: Buffer) => {
        held = Buffer.concat([held, chunk]);
        while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
          const length = 2 + held.readUInt16BE(0);
          socket.write(streamEncode(answer(streamDecode(held.subarray(0, length)))));
          held = held.subarray(length);
        }
      });
    });
    tcp.listen(53, address);
    await once(tcp, 'listening');
  }
}

function respond(zone: Zone, query: Packet, published: readonly Answer[]): Packet {
  const question = query.questions?.[0];
  const name = question?.name.toLowerCase() ?? '';
  const own = published.filter((record) => record.name === name);
  const known = own.length > 0 ? own : zone.records.get(name);
  const ours =
    own.length > 0 || zone.origins.some((origin) => origin === '' || name === origin || name.endsWith(`.${origin}`));
  const exists = known !== undefined || [...zone.records.keys()].some((key) => key.endsWith(`.${name}`));
  const rcode = !ours ? REFUSED : exists ? 0 : NXDOMAIN;
  const answers = (known ?? []).filter((record) => record.type === question?.type);
  return {
    type: 'response',
    ...defined({ id: query.id }),
    flags: ((query.flags ?? 0) & 0x0100) | AUTHORITATIVE | RECURSION_AVAILABLE | rcode,
    questions: query.questions ?? [],
    // The name as it was asked, its letters' case included.
    answers: answers.map((record) => ({ ...record, name: question?.name ?? record.name })),
    additionals: (query.additionals ?? []).filter((record) => record.type === 'OPT'),
  };
}
