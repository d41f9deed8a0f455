/** The journal of a session on a machine on paper: what Linux writes into it, and the supervisor's part of it. */
import { SessionJournal } from '../../../src/host/journal/session-journal.ts';
import { LinuxJournal } from '../../../src/machine/linux/journal/linux-journal.ts';
import type { PaperMachine } from './machine.ts';

export class PaperJournal extends LinuxJournal {
  readonly #session: SessionJournal;

  constructor(machine: PaperMachine, name: string, networkNamespace?: string) {
    const session = new SessionJournal(machine, name, networkNamespace);
    super(session);
    this.#session = session;
  }

  claim(user: { readonly uid: number; readonly gid: number; readonly name: string }): void {
    this.#session.claim(user);
  }

  alive(): boolean {
    return this.#session.alive();
  }

  discard(): void {
    this.#session.discard();
  }
}
