/** The one place that chooses an implementation. */
import { LinuxMachine } from './linux/linux-machine.ts';
import { thisSystem } from './linux/system/system.ts';
import type { Machine } from './machine.ts';

export const thisMachine = (): Machine => new LinuxMachine(thisSystem());
