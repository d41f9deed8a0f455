/** UDP flows, put together by the program's socket that they come from. */
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { toErrno } from '../mux/errno.ts';
import type { WantedDatagrams } from '../peer/udp.ts';
import type { Places } from './places.ts';
import { UdpPort } from './udp-port.ts';

export class UdpSockets {
  readonly #places: Places;
  /** By the program's socket and the family of what it talks to. */
  readonly #ports = new Map<string, UdpPort>();

  constructor(places: Places) {
    this.#places = places;
  }

  dial(flow: WantedDatagrams): void {
    const family = isIP(flow.host);
    if (family !== 0) return this.#open(flow, flow.host, family);
    let isClosed = false;
    flow.onClosed = () => {
      isClosed = true;
    };
    lookup(flow.host, (error, address, found) => {
      if (isClosed) return;
      if (error === null) this.#open(flow, address, found);
      else flow.refuse(toErrno(error));
    });
  }

  #open(flow: WantedDatagrams, address: string, family: number): void {
    const port = this.#place(`${family} ${flow.socket}`, family);
    if (port === undefined) flow.refuse('EADDRNOTAVAIL');
    else port.add(flow, address, flow.port);
  }

  /** With a place for one more peer. */
  #place(key: string, family: number): UdpPort | undefined {
    if (!this.#places.take()) return undefined;
    const known = this.#ports.get(key);
    if (known !== undefined) return known;
    if (!this.#places.take()) {
      this.#places.leave();
      return undefined;
    }
    const port = new UdpPort(family === 6 ? 'udp6' : 'udp4', this.#places, () => {
      this.#places.leave();
      this.#ports.delete(key);
    });
    this.#ports.set(key, port);
    return port;
  }
}
