/** Who the unprivileged parts run as: the user behind sudo, or root when it is really root who called. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
  readonly shell: string;
  /** Known to the user database: only then there are groups to take over. */
  readonly listed: boolean;
}

/** The caller's environment with the user's own home. */
export const userEnvironment = (user: User, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...environment,
  HOME: user.home,
  USER: user.name,
  LOGNAME: user.name,
  SHELL: user.shell,
});
