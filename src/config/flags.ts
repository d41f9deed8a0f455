/** A port of the target, and the port of this machine that it comes to. */
export interface PortPair {
  readonly local: number;
  readonly remote: number;
}

/** What the command line may say; all of it may be left out. */
export interface ConfigFlags {
  readonly target?: string;
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly configFile?: string;
  readonly key?: string;
  readonly includeRoutes?: readonly string[];
  readonly excludeRoutes?: readonly string[];
  readonly domains?: readonly string[];
  /** `--port [LOCAL:]REMOTE`. */
  readonly ports?: readonly PortPair[];
  /** `--no-tcp-outgoing` and its kin, already in configuration terms: dotted key to value. */
  readonly overrides?: Readonly<Record<string, boolean | string>>;
}

/** What `-f` without a path names: the project's own configuration, in the working directory. */
export const DEFAULT_FOLDER = '.mirrord';
