/** All streams of one client that go to the picked side, and its connections: one that takes new streams, others that end. */
import type { BytePipe } from '../pipe.ts';
import type { ClientSide } from './client-side.ts';
import type { Block } from './hpack/block.ts';
import { GHOSTS, STREAMS_LIMIT } from './limits.ts';
import { writeReset } from './frame.ts';
import { PickedConnection } from './picked-connection.ts';
import { PickedStream } from './picked-stream.ts';
import { Uploads } from './uploads.ts';

export interface PickedStreamsEvents {
  dial(): Promise<BytePipe>;
  turn(): void;
  failed(stream: PickedStream, reason: string): void;
}

export class PickedStreams {
  readonly #client: ClientSide;
  readonly #events: PickedStreamsEvents;
  readonly #uploads = new Uploads();
  readonly #streams = new Map<number, PickedStream>();
  readonly #connections = new Set<PickedConnection>();
  /** The connection for new streams. */
  #current: PickedConnection | null = null;
  /** Streams that have something for the client, in turns. */
  readonly #ready = new Set<PickedStream>();
  /** Ids of streams that are over: frames for them may still come. */
  readonly #ghosts = new Int32Array(GHOSTS);
  #window: number;

  constructor(client: ClientSide, events: PickedStreamsEvents) {
    this.#client = client;
    this.#events = events;
    this.#window = client.settings.window;
  }

  get isEmpty(): boolean {
    return this.#streams.size === 0;
  }

  get(id: number): PickedStream | undefined {
    return this.#streams.get(id);
  }

  /** The stream was one of these, and is over. */
  isGhost(id: number): boolean {
    return this.#ghosts[ghostPlace(id)] === id;
  }

  /** Makes sure that there is a connection; `dialled` stands for it. */
  use(dialled: Promise<BytePipe>): void {
    this.#connect(dialled);
  }

  get isConnected(): boolean {
    return this.#current?.takesStreams === true;
  }

  begin(id: number, head: Block, isHeadOnly: boolean): void {
    if (this.#streams.size >= STREAMS_LIMIT) {
      this.#bury(id);
      this.#client.put(writeReset(id, 'REFUSED_STREAM'));
      return;
    }
    const stream = new PickedStream(id, head, isHeadOnly, this.#client, this.#uploads, {
      ready: (one) => this.#ready.add(one),
      idle: (one) => this.#ready.delete(one),
      over: (one) => {
        this.#streams.delete(one.id);
        this.#bury(one.id);
      },
      failed: (one, reason) => this.#events.failed(one, reason),
    });
    this.#streams.set(id, stream);
    this.#connection().add(stream);
  }

  /** The client's first window for streams, as announced and as it counts. */
  windowChanged(): void {
    const { window, announcedWindow } = this.#client.settings;
    for (const connection of this.#connections) connection.tell(announcedWindow);
    const change = window - this.#window;
    this.#window = window;
    if (change !== 0) for (const stream of this.#streams.values()) stream.adjust(change);
  }

  /** A step of each stream that has something; false when nothing could go. */
  pump(): boolean {
    let hasSent = false;
    for (const stream of this.#ready) {
      if (this.#client.isFull) break;
      if (stream.send()) hasSent = true;
    }
    return hasSent;
  }

  flush(): void {
    for (const connection of this.#connections) connection.flush(this.#client.line.isFull);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
  }

  #connection(): PickedConnection {
    if (this.#current !== null && this.#current.takesStreams) return this.#current;
    return this.#connect(this.#events.dial());
  }

  #connect(dialled: Promise<BytePipe>): PickedConnection {
    const connection: PickedConnection = new PickedConnection(dialled, this.#client.settings.announcedWindow, {
      turn: () => this.#events.turn(),
      gone: () => this.#connections.delete(connection),
      returned: (streams) => this.#again(streams),
    });
    this.#connections.add(connection);
    this.#current = connection;
    return connection;
  }

  /** Streams that a connection sent back without having looked at them (RFC 9113, section 6.8). */
  #again(streams: readonly PickedStream[]): void {
    for (const stream of streams) {
      if (!stream.isUntouched || stream.isSecondTry) stream.refuse();
      else {
        stream.isSecondTry = true;
        this.#connection().add(stream);
      }
    }
  }

  #bury(id: number): void {
    this.#ghosts[ghostPlace(id)] = id;
  }
}

/** Ids of a client are odd: neighbours have neighbouring places. */
function ghostPlace(id: number): number {
  return (id >>> 1) % GHOSTS;
}
