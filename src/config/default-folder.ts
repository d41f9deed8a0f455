/** What `-f` without a path names: the project's own configuration, in the working directory. */
export const DEFAULT_FOLDER = '.mirrord';
