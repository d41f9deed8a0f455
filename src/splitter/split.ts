/** Where a connection begins. */
import { Http1Connection } from './http1/connection.ts';
import type { Split, SplitOptions } from './options.ts';

export function splitConnection(options: SplitOptions): Split {
  return new Http1Connection(options, options.dialMain());
}
