/** Rules of nftables that know questions to a name server. */

/**
 * The chain that puts questions into the zone, before connection tracking (-200) looks at them; `hook`, `passes` and what
 * is matched as in the chain that translates.  Answers are found by the translated addresses, so that only the questions'
 * way counts.
 */
export function zoneChain(
  hook: 'output' | 'prerouting',
  passes: readonly string[],
  matches: readonly string[],
  zone: number | null,
): readonly string[] {
  if (zone === null) return [];
  const zoned = matches.map((match) => `${match} ct original zone set ${zone};`);
  return [`chain zone { type filter hook ${hook} priority -300;`, ...passes, ...zoned, '};'];
}

/**
 * The second half of the DNS header's flags (RFC 1035, 4.1.1), which is 10 bytes behind the UDP header's start: no answer,
 * opcode QUERY, recursion desired.  What is anything else is between the program and the server that it asks.
 */
const PLAIN_QUESTION = '@th,80,8 & 0xf9 == 0x1';

/** Questions to one of the servers, by UDP and by TCP.  What a TCP connection is for shows only later. */
export function questionsTo(server: string): readonly string[] {
  const to = `${server.includes(':') ? 'ip6' : 'ip'} daddr ${server}`;
  return [`${to} udp dport 53 ${PLAIN_QUESTION}`, `${to} tcp dport 53`];
}
