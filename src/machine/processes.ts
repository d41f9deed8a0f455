import type { MirrordError } from '../errors.ts';
import type { User } from './user.ts';

/** Programs of the invoking user, started by a process that may do more. */
export interface Processes {
  /** By what sudo and its kin have put into the environment; root, when it is really root who called. */
  invokingUser(environment: NodeJS.ProcessEnv): Promise<User>;
  /** The command in front of a program that is to run as the user, with all of the user's rights and no other. */
  asUser(user: User): readonly string[];
  /** What sudo has taken out of `environment`, for programs of the user's alone. */
  takenEnvironment(user: User, environment: NodeJS.ProcessEnv): Readonly<Record<string, string>>;
  /** Why a program could not be started as the user, where the reason is that it cannot be read. */
  unreadable(user: User, command: readonly string[]): Promise<MirrordError | undefined>;
}

/** An agent on this machine. */
export interface Agent {
  readonly ended: boolean;
  stop(): void;
}
