import type { System } from '../machine/linux/system/system.ts';
import type { Right } from '../kube/preflight.ts';

/** `warning`: a session works without it, but something is missing.  `skipped`: it could not be looked at. */
export type State = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Verdict {
  readonly state: State;
  /** What was seen, in a few words. */
  readonly detail: string;
  /** What to do about it; empty when there is nothing to do. */
  readonly fix: string;
}

export interface Finding extends Verdict {
  readonly id: string;
  readonly title: string;
}

/** One thing to look at.  `run` changes nothing; what it throws counts as failed, with the error's own words. */
export interface Check {
  readonly id: string;
  readonly title: string;
  /** Checks without which this one makes no sense: it is skipped unless all of them went well. */
  readonly needs: readonly string[];
  /** A failure is told as a warning: sessions do without. */
  readonly isOptional?: boolean;
  run(context: DoctorContext, signal: AbortSignal): Promise<Verdict>;
}

/** The seams: all that the checks learn comes through here, so that each outcome can be tested. */
export interface DoctorContext {
  readonly system: System;
  /** Opens /dev/net/tun and closes it again, which makes no interface; the error when that fails. */
  readonly openTunDevice: () => NodeJS.ErrnoException | undefined;
  readonly configuration: ConfigurationProbe;
  readonly cluster: ClusterProbe;
  readonly session: SessionProbe;
}

export interface ConfigurationProbe {
  /** Throws what is wrong with it. */
  load(): Promise<{
    readonly file: string | null;
    readonly notices: readonly string[];
    readonly warnings: readonly string[];
    readonly image: string;
  }>;
}

export interface ClusterProbe {
  /** Reads the kubeconfig; nothing is asked of the cluster. */
  context(): Promise<{ readonly context: string; readonly namespace: string }>;
  /** Connects; the other questions need it. */
  open(signal: AbortSignal): Promise<OpenedCluster>;
  allowed(right: Right, signal: AbortSignal): Promise<boolean>;
  /** The pod that it was tried with; null when there is none. */
  tryPortForward(signal: AbortSignal): Promise<string | null>;
}

export interface OpenedCluster {
  readonly server: string;
  readonly version: string;
  readonly warnings: readonly string[];
}

export interface SessionProbe {
  readonly name: string;
  /** Milliseconds to the agent and back; null when the session is not up. */
  roundTrip(signal: AbortSignal): Promise<number | null>;
}

export const ok = (detail: string): Verdict => ({ state: 'ok', detail, fix: '' });
export const warning = (detail: string, fix: string): Verdict => ({ state: 'warning', detail, fix });
export const failed = (detail: string, fix: string): Verdict => ({ state: 'failed', detail, fix });
export const skipped = (detail: string): Verdict => ({ state: 'skipped', detail, fix: '' });
