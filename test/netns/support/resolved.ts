/**
 * A real systemd-resolved inside a sandbox, with a D-Bus of its own.
 *
 * The package is unpacked into the cache and not installed: installing it replaces the machine's own resolv.conf.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Sandbox } from './sandbox.ts';

/** The folder of the unpacked package, in the version of the library that is installed; fetched once. */
function unpacked(name: string): string {
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const cache = process.env['MIRRORD_CACHE'] ?? join(caches, 'mirrord');
  // Its own library is installed, and only the same version of both fits.
  const version = execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'libsystemd-shared'], { encoding: 'utf8' });
  const folder = join(cache, `${name}-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const aside = mkdtempSync(join(cache, 'resolved-'));
  try {
    // As root apt-get drops its rights for the download, and cannot write here.
    const options = ['-o', 'APT::Sandbox::User=root', '-q', '-q'];
    execFileSync('apt-get', [...options, 'download', `${name}=${version}`], { cwd: aside, stdio: 'pipe' });
    const file = readdirSync(aside).find((each) => each.endsWith('.deb'));
    assert.ok(file, 'apt-get has downloaded nothing');
    execFileSync('dpkg', ['-x', join(aside, file), join(aside, 'root')]);
    renameSync(join(aside, 'root'), folder);
  } finally {
    rmSync(aside, { recursive: true });
  }
  return folder;
}

const setup = (root: string): string => `
mkdir -p /run/dbus /run/systemd /run/sandbox/bin
getent passwd systemd-resolve >/dev/null || {
  echo 'systemd-resolve:x:995:995::/:/usr/sbin/nologin' >> /etc/passwd
  echo 'systemd-resolve:x:995:' >> /etc/group
}
cp ${root}/usr/share/dbus-1/system.d/org.freedesktop.resolve1.conf /etc/dbus-1/system.d/
cp ${root}/usr/bin/resolvectl /run/sandbox/bin/
mount -t tmpfs tmpfs /usr/local/sbin
ln -s /run/sandbox/bin/resolvectl /usr/local/sbin/resolvectl
mkdir -p /etc/systemd
printf '[Resolve]\\nDNS=192.168.7.254\\nFallbackDNS=\\nLLMNR=no\\nMulticastDNS=no\\nDNSSEC=no\\nDNSOverTLS=no\\n' > /etc/systemd/resolved.conf
rm -f /etc/resolv.conf
ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
dbus-daemon --system --nofork --nopidfile </dev/null >/run/sandbox/dbus.log 2>&1 &
for _ in $(seq 200); do [ -S /run/dbus/system_bus_socket ] && break; sleep 0.02; done
SYSTEMD_LOG_TARGET=console $(ls -d ${root}/lib/systemd/systemd-resolved ${root}/usr/lib/systemd/systemd-resolved 2>/dev/null) </dev/null >/run/sandbox/resolved.log 2>&1 &
for _ in $(seq 200); do resolvectl status >/dev/null 2>&1 && break; sleep 0.02; done
resolvectl status >/dev/null || { cat /run/sandbox/*.log >&2; exit 1; }
`;

/** A sandbox whose names go through systemd-resolved, whose own upstream is the gateway; `more`: setup of the caller's. */
export const openResolved = (more = ''): Promise<Sandbox> =>
  Sandbox.open(`${setup(unpacked('systemd-resolved'))}\n${more}`);

/** Setup that leads programs of glibc to resolved by its own module: found by ld.so's list, as an installed one is. */
export const nssResolve = (): string => `
mkdir -p /etc/ld.so.conf.d
dirname ${unpacked('libnss-resolve')}/usr/lib/*/libnss_resolve.so.2 > /etc/ld.so.conf.d/nss-resolve.conf
ldconfig
sed -i 's/^hosts:.*/hosts: files resolve [!UNAVAIL=return] dns/' /etc/nsswitch.conf
`;
