/** What the tables know of a connection: its four-tuple, and when it wants to be woken. */
import { Timed } from './deadlines.ts';
import { destinationOf, sourceOf } from './endpoint.ts';
import type { Endpoint } from './flow.ts';
import type { TableEntry, Tuple } from './flow-table.ts';

export abstract class TcpTableEntry<T> extends Timed implements TableEntry<T> {
  readonly tuple: Tuple;
  tableKey = 0;
  tableNext: T | null = null;

  constructor(tuple: Tuple) {
    super();
    this.tuple = tuple;
  }

  get source(): Endpoint {
    return sourceOf(this.tuple);
  }

  get destination(): Endpoint {
    return destinationOf(this.tuple);
  }
}
