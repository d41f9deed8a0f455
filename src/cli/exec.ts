/** `mirrord exec`: the command, with the target's environment over the user's own. */
import { overLocal } from '../environment/index.ts';
import { MirrordError } from '../errors.ts';
import { asCalled } from '../node-environment.ts';
import { become, ignorable } from './become.ts';
import { sessionEnvironment } from './env.ts';
import { becomeInvokingUser } from './invoking-user.ts';
import { err } from './output.ts';

/** The mask of what was ignored when mirrord was started, before Node changed it. */
const IGNORED_SIGNALS = 'MIRRORD_IGNORED_SIGNALS';

export async function runExec(name: string, command: readonly string[]): Promise<void> {
  if (command.length === 0) {
    throw new MirrordError('usage', 'exec-command-missing', 'No command was given.', {
      help: 'Name the command: mirrord exec -- npm start',
    });
  }
  // Passed from bin/mirrord to here, and not for other programs.
  const ignored = await ignorable(process.env[IGNORED_SIGNALS]);
  delete process.env[IGNORED_SIGNALS];
  const { environment, unset = [], warnings = [] } = await sessionEnvironment(name);
  const own = new Map<string, string>();
  for (const [variable, value] of Object.entries(asCalled(await becomeInvokingUser()))) {
    if (value !== undefined) own.set(variable, value);
  }
  for (const warning of warnings) err.entry('warning', '', warning);
  become(command, overLocal(own, new Map(Object.entries(environment)), unset), ignored);
}
