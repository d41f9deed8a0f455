import type { Variables } from './variables.ts';

/**
 * `/proc/PID/environ`: `NAME=VALUE` strings, each ended by NUL (proc(5)).
 *
 * It is the memory that the process was started with, and a process may scribble there: what is no `NAME=VALUE` is
 * passed over.  Of two strings with the same name the first counts, as for getenv(3).
 */
export function parseProcessEnvironment(text: string): Variables {
  const variables = new Map<string, string>();
  for (const entry of text.split('\0')) {
    const end = entry.indexOf('=');
    if (end <= 0) continue;
    const name = entry.slice(0, end);
    if (!variables.has(name)) variables.set(name, entry.slice(end + 1));
  }
  return variables;
}
