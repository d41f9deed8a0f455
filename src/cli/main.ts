/**
 * The command line.  Only this folder prints and exits.
 *
 * oclif parses and shows help; errors and exit codes are ours, so that every failure says what happened, why and what
 * to do, and has the code that docs/errors.md lists.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Config, flush, run } from '@oclif/core';
import type { Interfaces } from '@oclif/core';
import { MirrordError } from '../errors.ts';
import { COMMANDS } from './commands.ts';
import { completeConfigFile } from './config-file-argument.ts';
import { separateCommand } from './exec-arguments.ts';
import { exitCodeOf, forPrograms, formatForPeople, toDescription } from './failure.ts';
import { pasteable } from './invocation.ts';
import { formatOfWords } from './output-format.ts';
import { err, outliveReaders } from './output.ts';
import { needsRoot, offerSudo, withSudo } from './root.ts';
import { checkCommand } from './words.ts';

// oclif loads the table from the file that is named to it: this one, in the sources as in the bundle.
export { COMMANDS };

const FILE = fileURLToPath(import.meta.url);

async function main(args: readonly string[]): Promise<void> {
  outliveReaders((error) => {
    if (process.exitCode !== undefined) return;
    const text = `The output could not be written completely: ${error.message}.`;
    void tell(new MirrordError('unexpected', 'output-lost', text, { cause: error }), args);
  });
  try {
    checkCommand(args, COMMANDS);
    await run([...args], await loadConfig());
    await flush();
  } catch (error) {
    const exit = (error as { oclif?: { exit?: number } }).oclif?.exit;
    // How oclif ends after help and version.
    if (exit === 0) return;
    const called = process.argv.slice(2);
    if (needsRoot(error) && formatOfWords(called) === 'table') await offerSudo(error, called);
    await tell(error, args);
  }
}

/** Says what went wrong, and sets the exit code that goes with it. */
async function tell(error: unknown, args: readonly string[]): Promise<void> {
  const separator = args.indexOf('--');
  const ours = separator < 0 ? args : args.slice(0, separator);
  const { help = '', ...described } = toDescription(error, ours, COMMANDS);
  const advice = needsRoot(error) ? `Run it with sudo: ${withSudo(process.argv.slice(2))}` : pasteable(help);
  const description = { ...described, help: advice };
  process.exitCode = exitCodeOf(description);
  const format = formatOfWords(ours);
  if (format === 'table') err.text(formatForPeople(description));
  else (await err.writer(format))(forPrograms(description));
}

async function loadConfig(): Promise<Config> {
  const root = findRoot(dirname(FILE));
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Interfaces.PJSON;
  const commands = { strategy: 'explicit', target: `./${relative(root, FILE)}`, identifier: 'COMMANDS' } as const;
  // Nothing is added at run time: least of all what a package.json in somebody's home folder names, to a root process.
  const closed = { userPlugins: false, devPlugins: false, ignoreManifest: true };
  return Config.load({ root, pjson: { ...pjson, oclif: { ...pjson.oclif, commands } }, ...closed });
}

/** The nearest folder upwards with a package.json: the checkout, or the installed package. */
function findRoot(folder: string): string {
  for (let current = folder; ; current = dirname(current)) {
    try {
      readFileSync(join(current, 'package.json'));
      return current;
    } catch {
      // Not here; the root folder ends the search.
      if (current === dirname(current)) return folder;
    }
  }
}

// Not awaited at the top level: oclif imports this very file while `main` runs.
void main(completeConfigFile(separateCommand(process.argv.slice(2)), COMMANDS));
