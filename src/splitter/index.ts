/**
 * Splits the connections to one port of a target between two sides, HTTP request by HTTP request.
 *
 * Whatever is not picked goes to the main side byte for byte as the client sent it, and so do the answers: no library is
 * asked, since each that reads HTTP writes it again.  What is not HTTP, or can be read in more than one way, goes to the
 * main side whole.  The splitter knows byte pipes (`BytePipe`) and a predicate (http-filter); not sockets, not the
 * tunnel, not who the sides are.  Every bound is in limits.ts.
 */
export type { FailureEvent, RequestEvent, Split, SplitOptions } from './options.ts';
export type { BytePipe } from './pipe.ts';
export { splitConnection } from './split.ts';
