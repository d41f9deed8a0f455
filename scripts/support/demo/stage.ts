/** Runs commands on the developer machine, as its user, before the eyes of the reader, and remembers whether they did as promised. */
import type { Act } from './acts.ts';
import type { Machine } from '../../sandbox/index.ts';

/** More lines of an output than this are cut. */
const SHOWN_LINES = 20;

export class Stage {
  readonly #machine: Machine;
  #broken = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  get broken(): number {
    return this.#broken;
  }

  say(text: string): void {
    console.log(`\n${text}`);
  }

  /** The line is run by a shell. */
  async run({ run: line, promise, shown }: Extract<Act, { run: string }>): Promise<void> {
    console.log(`\n$ ${shown}`);
    const { stdout, stderr } = await this.#machine.run('sh', ['-c', line], { as: 'developer', timeoutMs: 20_000 });
    const output = `${stdout}${stderr}`.trimEnd();
    console.log(output.split('\n').slice(0, SHOWN_LINES).join('\n'));
    if (!promise.test(output)) this.#fail(`that should have matched ${String(promise)}`);
  }

  check(text: string, good: boolean, detail: string): void {
    if (good) console.log(`✔ ${text}`);
    else this.#fail(`not so: ${text}\n${detail}`);
  }

  #fail(text: string): void {
    this.#broken += 1;
    console.log(`✘ ${text}`);
  }
}
