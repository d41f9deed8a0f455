/** Links that one path may lead through, as many as the kernel follows (MAXSYMLINKS). */
const MAX_LINKS = 40;

/**
 * Where `path` leads for a process whose root folder is `root`: its links stay below that root, however absolute they are.
 * Opened through /proc/PID/root as it stands, such a link leads into this machine's own files.  Undefined for a link that
 * leads to itself.
 *
 * `link` tells where a path leads, and undefined for what is no link.
 */
export function rootedPath(root: string, path: string, link: (path: string) => string | undefined): string | undefined {
  const names = path.split('/');
  let at: string[] = [];
  for (let links = 0; ;) {
    const name = names.shift();
    if (name === undefined) return [root, ...at].join('/');
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at.pop();
      continue;
    }
    const target = link([root, ...at, name].join('/'));
    if (target === undefined) {
      at.push(name);
      continue;
    }
    if (++links > MAX_LINKS) return undefined;
    if (target.startsWith('/')) at = [];
    names.unshift(...target.split('/'));
  }
}
