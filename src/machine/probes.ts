/** What tells processes and networks of a machine apart. */
export interface Probes {
  /** Effective user id of this process. */
  uid(): number;
  /** Identity of a process beyond its number: its start time in clock ticks; undefined when there is none. */
  processStart(pid: number): string | undefined;
  /**
   * Identity of a process's network namespace: `net:[4026531840]`; undefined when there is no such process, or one that even
   * this root may not look at (another user namespace's, in a container).
   */
  networkNamespace(pid: number | 'self'): string | undefined;
}
