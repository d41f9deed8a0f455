/** A tuple's ends as text, for the layer above. */
import { formatAddressAt } from '../net/index.ts';
import type { Endpoint } from './flow.ts';
import type { Tuple } from './flow-table.ts';

export function sourceOf(tuple: Tuple): Endpoint {
  return { host: sourceHost(tuple.addresses), port: tuple.sourcePort };
}

export function destinationOf(tuple: Tuple): Endpoint {
  return { host: destinationHost(tuple.addresses), port: tuple.destinationPort };
}

/** `addresses`: source and destination, 8 or 32 bytes. */
export function sourceHost(addresses: Uint8Array): string {
  return formatAddressAt(addresses, 0, addresses.length === 8 ? 4 : 16);
}

export function destinationHost(addresses: Uint8Array): string {
  return addresses.length === 8 ? formatAddressAt(addresses, 4, 4) : formatAddressAt(addresses, 16, 16);
}
