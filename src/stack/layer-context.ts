/** What the layers of one stack share. */
import type { Deadlines } from './deadlines.ts';
import type { FlowHandler, StackCounters } from './flow.ts';
import type { IcmpErrors } from './icmp-errors.ts';
import type { PacketWriter } from './packet-writer.ts';

export interface LayerContext {
  readonly writer: PacketWriter;
  readonly deadlines: Deadlines;
  readonly counters: StackCounters;
  readonly handler: FlowHandler;
  readonly errors: IcmpErrors;
}
