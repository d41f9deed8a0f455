/** `node restore-entry NAME`: what the guard starts.  Silent: there is nobody left to read. */
import { recoverSession } from './journal/recovery.ts';

await recoverSession(process.argv[2] ?? '');
