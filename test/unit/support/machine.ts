/** A machine on paper: files below a temporary folder, an `ip` that keeps its state as lines, settable processes. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CommandResult, type Run, batchFailed } from '../../../src/machine/linux/system/commands.ts';
import type { IpBatch } from '../../../src/machine/linux/system/ip-batch.ts';
import { type Encoding, Files } from '../../../src/machine/files.ts';
import type { Probes } from '../../../src/machine/machine.ts';
import type { System } from '../../../src/machine/linux/system/system.ts';

export const NAMESPACE = 'net:[4026531840]';

export class PaperMachine implements System {
  readonly root = mkdtempSync(join(tmpdir(), 'mirrord-host-'));
  /** Owner and mode need a right that unit tests do without. */
  readonly files: Files = new PaperFiles(this.root);
  /** Lines like `4 rule pref 5003 lookup 7300`; as `ip` would list them. */
  readonly state = new Set<string>();
  /** Every command, as it was called. */
  readonly calls: string[] = [];
  /** Process number to start time. */
  readonly processes = new Map<number, string>([[process.pid, '100']]);
  user = 0;
  readonly probes: Probes = {
    uid: () => this.user,
    processStart: (pid) => this.processes.get(pid),
    networkNamespace: (pid) => (pid === 'self' || this.processes.has(pid) ? NAMESPACE : undefined),
  };
  /** Answers to other commands, by their first words. */
  readonly answers = new Map<string, CommandResult>();

  readonly run: Run = async (command, args, input) => {
    const call = [command, ...args].join(' ');
    this.calls.push(call);
    for (const [prefix, result] of this.answers) if (call.startsWith(prefix)) return result;
    if (command === 'ip' && args.includes('-batch')) return this.#batch(args, input);
    if (command === 'ip' && args.includes('rule')) return this.#listRules(args[0] === '-6' ? 6 : 4);
    return { code: 0, stdout: '', stderr: '' };
  };

  readonly openIp = (family: 4 | 6): IpBatch => ({
    start: () => {},
    run: async (lines) => {
      const { code, stderr } = await this.run('ip', [`-${family}`, '-batch', '-'], `${lines.join('\n')}\n`);
      if (code !== 0) throw batchFailed(family, lines, stderr);
    },
    close: () => {},
  });

  put(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  /** The state as text, one line each. */
  listing(): string {
    return [...this.state].toSorted().join('\n');
  }

  discard(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  #batch(args: readonly string[], input: string | undefined): CommandResult {
    const family = args.includes('-6') ? 6 : 4;
    const force = args.includes('-force');
    const file = args.at(-1) ?? '-';
    const text = file === '-' ? (input ?? '') : readFileSync(file, 'utf8');
    for (const [number, line] of text.split('\n').entries()) {
      if (line === '' || this.#line(family, line)) continue;
      if (!force) return { code: 1, stdout: '', stderr: `RTNETLINK answers: failed\nCommand failed -:${number + 1}` };
    }
    return { code: 0, stdout: '', stderr: '' };
  }

  #line(family: 4 | 6, line: string): boolean {
    const [object = '', verb = '', ...rest] = line.split(' ');
    const words = rest.join(' ');
    if (object === 'link' && verb === 'del') {
      const before = this.state.size;
      for (const entry of this.state) if (entry.includes(` dev ${words} `)) this.state.delete(entry);
      return this.state.size < before;
    }
    if (object === 'link') {
      this.state.add(`link ${words} `);
      return true;
    }
    const entry = `${family} ${object} ${words} `;
    if (verb === 'del') return this.state.delete(entry) || this.state.delete(`${entry}nodad `);
    if (verb === 'add' && this.state.has(entry)) return false;
    if (object === 'route' && verb === 'replace') this.#replaceRoute(family, words);
    this.state.add(entry);
    return true;
  }

  /** One route per prefix and table. */
  #replaceRoute(family: 4 | 6, words: string): void {
    const key = (text: string): string =>
      `${/(\S+:\S*|\S+\.\S+|default)/.exec(text)?.[0]} ${/table \d+/.exec(text)?.[0]}`;
    for (const entry of this.state) {
      if (entry.startsWith(`${family} route `) && key(entry.slice(8)) === key(words)) this.state.delete(entry);
    }
  }

  #listRules(family: 4 | 6): CommandResult {
    const rules = [...this.state]
      .filter((entry) => entry.startsWith(`${family} rule pref`))
      .map((entry) => ({ priority: Number(/pref (\d+)/.exec(entry)?.[1]), table: /lookup (\S+)/.exec(entry)?.[1] }));
    return { code: 0, stdout: JSON.stringify(rules), stderr: '' };
  }
}

class PaperFiles extends Files {
  override folder(path: string): void {
    mkdirSync(this.path(path), { recursive: true });
  }

  override replace(path: string, text: string, mode: number, _uid = 0, _gid = 0, encoding?: Encoding): void {
    super.replace(path, text, mode, process.getuid?.() ?? 0, process.getgid?.() ?? 0, encoding);
  }
}
