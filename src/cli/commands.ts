/** The command table: what oclif may run.  A command's file is its flags and texts; what it does is imported when run. */
import { Down } from './commands/down.ts';
import { Status } from './commands/status.ts';
import { Up } from './commands/up.ts';

export const COMMANDS = { up: Up, down: Down, status: Status };
