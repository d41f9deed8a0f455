/** The program that starts a Node with netlink sockets (native-helpers/launch/launch.c). */
import { MirrordError } from '../errors.ts';
import { builtFile, builtName } from './built-file.ts';

/** Processors that it is built for. */
const ARCHITECTURES = ['x64', 'arm64'];

/** Its file for this machine. */
export function launcherFile(): string {
  const name = `launch-${process.arch}`;
  const file = builtFile(name);
  if (file !== undefined) return file;
  throw new MirrordError('host', 'launcher-missing', `The native helper (${builtName(name)}) has not been built.`, {
    help: "Run `sh native-helpers/build.sh` in mirrord's folder; it needs a C compiler (Debian: apt-get install gcc libc6-dev).",
  });
}

/** For the nodes of a cluster, by `process.arch`: those that could be built here. */
export function launcherFiles(): ReadonlyMap<string, string> {
  const files = ARCHITECTURES.map((arch) => [arch, builtFile(`launch-${arch}`)] as const);
  return new Map(files.flatMap(([arch, file]): [string, string][] => (file === undefined ? [] : [[arch, file]])));
}
