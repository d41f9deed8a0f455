/** `node restore-entry NAME`: what the guard starts.  Silent: there is nobody left to read. */
import { restore } from './journal/playback.ts';
import { thisMachine } from './machine/machine.ts';

await restore(thisMachine(), process.argv[2] ?? '');
