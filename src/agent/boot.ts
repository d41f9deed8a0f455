/**
 * How an incoming agent gets its netlink sockets in a container that has only Node: the container's first Node executes the
 * launcher (native-helpers/launch/launch.c), which opens them and executes Node once more, with the loader.
 *
 * The launcher comes with the pod's spec, for every processor that a node may have; it is some 400 bytes.  It is written to
 * /dev, which is the one place that can be written with a read-only root, and executed from; and it is gone from there
 * before it runs.
 */
import { gzipSync } from 'node:zlib';

/** process.execve came with 22.15 and 23.11. */
export const OLDEST_BOOTABLE = '22.15';

/** A Node that is too old tells its version as the loader does, to be refused for it. */
const BOOT = `const [,launchers,...command]=process.argv,packed=JSON.parse(launchers)[process.arch],file='/dev/.mirrord-'+process.pid
if(!process.execve)console.log(JSON.stringify({event:'listening',port:0,node:process.version}))
else if(!packed)console.log('mirrord was built without the launcher for '+process.arch)
else{
fs.writeFileSync(file,zlib.gunzipSync(Buffer.from(packed,'base64')),{mode:448})
const fd=fs.openSync(file)
fs.unlinkSync(file)
process.execve('/proc/self/fd/'+fd,['launch',process.execPath,...command],process.env)}`;

/** What stands between `node` and the arguments of the Node that is executed. */
export function bootArguments(launchers: ReadonlyMap<string, Uint8Array>): readonly string[] {
  const packed = [...launchers].map(([arch, program]) => [arch, gzipSync(program, { level: 9 }).toString('base64')]);
  return ['--no-warnings', '-e', BOOT, JSON.stringify(Object.fromEntries(packed))];
}

export function isBootable(major: number, minor: number): boolean {
  if (major === 22) return minor >= 15;
  return major === 23 ? minor >= 11 : major > 23;
}
