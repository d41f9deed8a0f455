/** Takes back what sessions on this machine have left behind. */
import type { Journal } from '../journal.ts';
import type { Lost, Restorer } from '../machine.ts';
import { LinuxJournal, undoName } from './journal/linux-journal.ts';
import { playBack, enterNamespace } from './journal/playback.ts';
import { restoreLostResolvConf } from './journal/resolv-conf-playback.ts';
import { END_SOCKETS } from './network/sockets.ts';
import type { System } from './system/system.ts';

/** $1: the filter of the sockets to end; $2 and $3: the undo batches; the rest: the command to become. */
const AT_ONCE = `
export PATH="\${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
sockets=$1 undo4=$2 undo6=$3; shift 3
end_sockets() { [ -s "$sockets" ] && ss ${END_SOCKETS.join(' ')} -F "$sockets"; }
end_sockets
[ -e "$undo4" ] && ip -4 -force -batch "$undo4"
[ -e "$undo6" ] && ip -6 -force -batch "$undo6"
end_sockets
exec "$@"
`;

export class LinuxRestorer implements Restorer {
  readonly #system: System;

  constructor(system: System) {
    this.#system = system;
  }

  restore(journal: Journal): Promise<readonly string[]> {
    return playBack(this.#system, new LinuxJournal(journal));
  }

  isDone(journal: Journal): boolean {
    return new LinuxJournal(journal).clean;
  }

  isThere(networkNamespace: string): boolean {
    return enterNamespace(this.#system, networkNamespace) !== undefined;
  }

  restoreLost(journals: readonly Journal[]): Lost | undefined {
    return restoreLostResolvConf(
      this.#system,
      journals.map((journal) => new LinuxJournal(journal)),
    );
  }

  /** Programs' sockets are ended, addresses and rules taken back: a program must not wait for an answer that cannot come. */
  atOnce({ folder }: Journal): readonly string[] {
    const undo = (['sockets', 4, 6] as const).map((part) =>
      this.#system.files.path(`${folder}/${undoName(process.pid, part)}`),
    );
    return ['/bin/sh', '-c', AT_ONCE, 'mirrord-at-once', ...undo];
  }
}
