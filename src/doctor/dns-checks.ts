/** How names will come to us, and what may keep them from coming. */
import { Nftables } from '../host/dns/nftables.ts';
import { resolvedRuns } from '../host/dns/resolved-process.ts';
import { Resolved, leadsToResolved } from '../host/dns/resolved.ts';
import { readAddresses, readDns } from '../host/facts.ts';
import { Journal } from '../host/journal/journal.ts';
import { type Check, ok, warning } from './check.ts';
import { isInstalled } from './machine-checks.ts';

const mode: Check = {
  id: 'dns-mode',
  title: 'DNS take-over',
  needs: ['tools'],
  async run({ machine }) {
    // Only asked whether they could: nothing is held or written, so nothing can be lost.
    const journal = new Journal(machine, 'doctor');
    // Any link will do to ask whether resolved answers.
    const resolved = await new Resolved(machine, journal, 'lo').obstacle();
    if (resolved === undefined) return ok('auto takes resolved');
    if (machine.probes.uid() !== 0 && isInstalled(machine, 'nft')) {
      return ok(`auto takes nftables or resolv.conf (${resolved}); which one, sudo mirrord doctor tells`);
    }
    const { servers, asked } = readDns(machine, journal, []);
    const ownAddresses = (await readAddresses(machine.run)).map(({ address }) => address.replace(/\/\d+$/, ''));
    const redirect = new Nftables(
      machine,
      journal,
      0,
      () => undefined,
      () => ({ servers, asked, ownAddresses }),
      () => undefined,
    );
    const nftables = await redirect.obstacle();
    if (nftables === undefined) return ok(`auto takes nftables (${resolved})`);
    return warning(
      `auto takes resolv.conf (${resolved}; ${nftables})`,
      'It works, and changes a file that other programs may write too; nftables would leave it alone.',
    );
  },
};

/** One source of the `hosts` line with what is done after it: `mdns4_minimal [NOTFOUND=return]`. */
interface HostsSource {
  readonly name: string;
  /** In upper case, without blanks: `NOTFOUND=RETURN`, `!UNAVAIL=RETURN`. */
  readonly actions: readonly string[];
}

const nsswitch: Check = {
  id: 'nsswitch',
  title: 'name service switch',
  needs: ['kernel'],
  async run({ machine }) {
    const sources = hostsSources(machine.files.read('/etc/nsswitch.conf') ?? '');
    if (sources === undefined) return ok('no hosts line: the hosts file, then DNS');
    const line = `hosts: ${sources.map(({ name }) => name).join(' ')}`;
    const asked = sources.findIndex(({ name }) => name === 'dns' || name === 'resolve');
    if (asked < 0) {
      return warning(`${line}: programs never ask DNS`, 'Add dns to the hosts line of /etc/nsswitch.conf.');
    }
    const mdns = sources.slice(0, asked).find(({ name, actions }) => name.startsWith('mdns') && actions.some(ends));
    if (mdns !== undefined) {
      return warning(
        `${line}: ${mdns.name} may say "not found" to names that end in .local, before DNS is asked`,
        'Should cluster.local names not be found: put dns in front of mdns in the hosts line of /etc/nsswitch.conf, or ' +
          'update libnss-mdns, which by now leaves names of more than two labels alone.',
      );
    }
    // While resolved runs, a `dns` behind nss-resolve is never asked, and our redirect sees no question of programs.
    const resolve = sources.find(({ name }) => name === 'resolve');
    if (resolve?.actions.some(ends) && resolvedRuns(machine) && !leadsToResolved(machine)) {
      return warning(
        `${line}: programs ask systemd-resolved, while /etc/resolv.conf leads elsewhere`,
        'Let both lead to one: ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf',
      );
    }
    return ok(line);
  },
};

export const DNS_CHECKS: readonly Check[] = [mode, nsswitch];

/** nsswitch.conf(5); undefined without a `hosts` line, or without the file, which musl does not know. */
export function hostsSources(text: string): readonly HostsSource[] | undefined {
  const line = /^[ \t]*hosts:([^#\n]*)/m.exec(text)?.[1];
  if (line === undefined) return undefined;
  const sources: { name: string; actions: string[] }[] = [];
  for (const [, actions, name] of line.matchAll(/\[([^\]]*)\]|([^\s[]+)/g)) {
    if (name !== undefined) sources.push({ name, actions: [] });
    else sources.at(-1)?.actions.push(...actionsOf(actions ?? ''));
  }
  return sources;
}

function actionsOf(text: string): readonly string[] {
  const joined = text.toUpperCase().replace(/\s*=\s*/g, '=');
  return joined.split(/\s+/).filter((action) => action !== '');
}

/** Whether "there is no such name" ends the search. */
const ends = (action: string): boolean =>
  action === 'NOTFOUND=RETURN' || (/^!\w+=RETURN$/.test(action) && action !== '!NOTFOUND=RETURN');
