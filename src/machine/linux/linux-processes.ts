import type { MirrordError } from '../../errors.ts';
import type { Processes } from '../machine.ts';
import type { User } from '../user.ts';
import { beforeSudo } from './processes/environment-before-sudo.ts';
import { unreadableProgram } from './processes/readable.ts';
import { asUser, invokingUser } from './processes/user.ts';
import type { System } from './system/system.ts';

export class LinuxProcesses implements Processes {
  readonly #system: System;

  constructor(system: System) {
    this.#system = system;
  }

  invokingUser(environment: NodeJS.ProcessEnv): Promise<User> {
    return invokingUser(this.#system.run, environment);
  }

  asUser(user: User): readonly string[] {
    return asUser(this.#system.files, user);
  }

  takenEnvironment({ uid }: User, environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
    return uid === 0 ? {} : beforeSudo(this.#system.files, uid, environment);
  }

  unreadable(user: User, command: readonly string[]): Promise<MirrordError | undefined> {
    return unreadableProgram(this.#system.run, user, this.asUser(user), command);
  }
}
