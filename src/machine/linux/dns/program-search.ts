/** Reads what decides how programs look for a name (resolv.conf(5), nss-resolve(8)). */
import type { ProgramSearch } from '../../../names/program-search.ts';
import type { System } from '../system/system.ts';
import { asksResolved } from './nsswitch.ts';
import { ndots, parseResolvConf } from '../../../names/resolv-conf.ts';
import { localDomain, RESOLV_CONF, RESOLVED_SERVERS } from './resolv-conf.ts';
import { leadsToResolved } from './resolved.ts';
import { resolvedRuns } from './resolved-process.ts';

export function readProgramSearch(system: System): ProgramSearch {
  const { files } = system;
  const conf = parseResolvConf(files.read(RESOLV_CONF) ?? '', localDomain(files));
  return {
    search: conf.search,
    ndots: ndots(conf.options),
    isStub: resolvedRuns(system) && leadsToResolved(system),
    // In its own files it lists the search domains of all links.
    ofGlibc: asksResolved(system) ? parseResolvConf(files.read(RESOLVED_SERVERS) ?? '').search : null,
  };
}
