/** `node restore-entry NAME`: what the guard starts.  Silent: no reader is left. */
import { recoverSession } from './journal/recovery.ts';

await recoverSession(process.argv[2] ?? '');
