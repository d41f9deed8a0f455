/**
 * resolv.conf(5): parser and formatter.
 *
 * As tolerant as the resolvers that read it: unknown lines and values are skipped, numbers are clamped as glibc clamps
 * them (resolv/res_init.c), `search` and `domain` exclude each other and the last one wins.
 */
import { isIP } from 'node:net';
import { normalName } from './name.ts';

export interface ResolvConf {
  /** Addresses in order, IPv6 ones with their scope (`fe80::1%eth0`). */
  readonly nameservers: readonly string[];
  /** Lower case, without final dots. */
  readonly search: readonly string[];
  readonly ndots: number;
  /** Seconds for one attempt. */
  readonly timeout: number;
  readonly attempts: number;
  /** All other options as they stand (`rotate`, `edns0`, `trust-ad`, ...), each once. */
  readonly options: readonly string[];
}

/** glibc's defaults (resolv/resolv.h: RES_TIMEOUT, RES_DFLRETRY). */
export const RESOLV_CONF_DEFAULTS: ResolvConf = {
  nameservers: [],
  search: [],
  ndots: 1,
  timeout: 5,
  attempts: 2,
  options: [],
};

/** glibc's upper limits (RES_MAXNDOTS, RES_MAXRETRANS, RES_MAXRETRY). */
const LIMITS = { ndots: 15, timeout: 30, attempts: 5 } as const;

/** Never throws: a file without any sense gives the defaults. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  const numbers = { ndots: 1, timeout: 5, attempts: 2 };
  const options = new Set<string>();
  for (const line of text.split(/\r?\n/)) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    const first = values[0] ?? '';
    if (keyword === 'nameserver' && isServer(first)) nameservers.push(first);
    else if (keyword === 'search' && values.length > 0) search = suffixes(values);
    else if (keyword === 'domain' && first !== '') search = suffixes([first]);
    else if (keyword === 'options') for (const value of values) readOption(value, numbers, options);
  }
  return { nameservers, search, ...numbers, options: [...options] };
}

/** The text of a resolv.conf that parses to `conf`; `comment` lines stand on top. */
export function formatResolvConf(conf: ResolvConf, comment: readonly string[] = []): string {
  const options = [
    ...(['ndots', 'timeout', 'attempts'] as const)
      .filter((name) => conf[name] !== RESOLV_CONF_DEFAULTS[name])
      .map((name) => `${name}:${conf[name]}`),
    ...conf.options,
  ];
  const lines = [
    ...comment.map((line) => `# ${line}`),
    ...conf.nameservers.map((server) => `nameserver ${server}`),
    ...(conf.search.length === 0 ? [] : [`search ${conf.search.join(' ')}`]),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function readOption(
  value: string,
  numbers: { ndots: number; timeout: number; attempts: number },
  options: Set<string>,
): void {
  const match = /^(ndots|timeout|attempts):(\d+)$/.exec(value);
  if (match === null) {
    options.add(value);
    return;
  }
  const name = match[1] as keyof typeof LIMITS;
  numbers[name] = Math.min(Number(match[2]), LIMITS[name]);
}

function isServer(text: string): boolean {
  return isIP(text) !== 0;
}

/** `search .` is the idiom for an empty list. */
function suffixes(values: readonly string[]): string[] {
  return values.map(normalName).filter((name) => name !== '');
}
