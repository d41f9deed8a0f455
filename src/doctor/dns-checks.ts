/** How names will come to us, and what may keep them from coming. */
import { Nftables } from '../machine/linux/dns/nftables.ts';
import { asksResolved, ends, NSSWITCH, hostsSources } from '../machine/linux/dns/nsswitch.ts';
import { Resolved, leadsToResolved } from '../machine/linux/dns/resolved.ts';
import { readAddresses, readDns } from '../machine/linux/facts.ts';
import { MemoryJournal } from '../machine/journal.ts';
import { LinuxJournal } from '../machine/linux/journal/linux-journal.ts';
import { type Check, ok, warning } from './check.ts';
import { isInstalled } from './machine-checks.ts';

/** Any suffix of a cluster's, none of which is this machine's own. */
const SEARCH = ['svc.cluster.local'];

const mode: Check = {
  id: 'dns-mode',
  title: 'DNS take-over',
  needs: ['tools'],
  async run({ system }) {
    // Only asked whether they could: nothing is held or written, so nothing can be lost.
    const journal = new LinuxJournal(new MemoryJournal('doctor', system.probes.networkNamespace('self') ?? ''));
    // Any link will do to ask whether resolved answers.
    const { servers, asked, search } = readDns(system, journal, []);
    const ownAddresses = (await readAddresses(system.run)).map(({ address }) => address.replace(/\/\d+$/, ''));
    const upstreams = { servers, asked, search, ownAddresses };
    const redirect = new Nftables(
      system,
      journal,
      0,
      () => undefined,
      () => upstreams,
      () => undefined,
    );
    const links = new Resolved(system, journal, 'lo', redirect);
    const obstacle = await links.obstacle();
    const shortfall = obstacle === undefined ? links.weakness(SEARCH) : undefined;
    const resolved = obstacle ?? shortfall;
    if (resolved === undefined) return ok('auto takes resolved');
    // The other ways are weak then, too.
    if (obstacle === undefined && asksResolved(system)) return ok(`auto takes resolved; note: ${shortfall}`);
    if (system.probes.uid() !== 0 && isInstalled(system, 'nft')) {
      return ok(`auto takes nftables or resolv.conf (${resolved}); sudo mirrord doctor says which one`);
    }
    const nftables = await redirect.obstacle();
    const weakness = redirect.weakness();
    if (nftables === undefined && weakness === undefined) return ok(`auto takes nftables (${resolved})`);
    if (nftables === undefined) return ok(`auto takes resolv.conf (${resolved}; ${weakness})`);
    return warning(
      `auto takes resolv.conf (${resolved}; ${nftables})`,
      'This works but changes a file that other programs may also write; nftables would not.',
    );
  },
};

const nsswitch: Check = {
  id: 'nsswitch',
  title: 'name service switch',
  needs: ['kernel'],
  async run({ system }) {
    const sources = hostsSources(system.files.read(NSSWITCH) ?? '');
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
        'If cluster.local names are not found, put dns in front of mdns in the hosts line of /etc/nsswitch.conf, or ' +
          'update libnss-mdns: new versions leave names of more than two labels alone.',
      );
    }
    if (asksResolved(system) && !leadsToResolved(system)) {
      return warning(
        `${line}: glibc programs ask systemd-resolved, but /etc/resolv.conf names other servers`,
        'up takes over both. To use systemd-resolved for all programs: ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf',
      );
    }
    return ok(line);
  },
};

export const DNS_CHECKS: readonly Check[] = [mode, nsswitch];
