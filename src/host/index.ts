/**
 * The supervisor: the part of a session that runs as root.
 *
 * Contract: `runHost` has the machine (`src/machine`) make a TUN, starts the session process as the invoking user with the
 * TUN's descriptor, serves the closed list of operations in `src/ipc/protocol.ts` (each argument checked in
 * `requests.ts`), and takes everything back when the session ends, however it ends.  What a killed host could leave behind
 * stands in a journal (`journal/`), which the guard, or the next `up` or `down`, plays back.
 *
 * It must not know how a machine is changed, Kubernetes, tunnels, packets or what a name means, and it opens no network
 * socket: what a cluster or a network says never reaches a process of root's.  Only it and the machine start processes or
 * write outside the session's own folder.
 */
export type { EndSignal } from './end.ts';
export { spawnDetached } from './detached.ts';
export { recoverSession } from './journal/recovery.ts';
export { checkRemains } from './messages.ts';
export { describeRemain } from './messages.ts';
export { runHost } from './run.ts';
export { readMachine } from './read-machine.ts';
