/** What the owner of a connection gives to the splitter, and hears from it. */
import type { RequestFilter } from '../http-filter/index.ts';
import type { BytePipe } from './pipe.ts';

export type HttpVersion = '1.1' | '2';

/** One request, told when it is known where it goes. */
export interface RequestEvent {
  readonly version: HttpVersion;
  readonly method: string;
  readonly target: string;
  readonly isPicked: boolean;
}

/** A picked request that could not be answered by the side that should; the client has been told. */
export interface FailureEvent {
  readonly version: HttpVersion;
  readonly method: string;
  readonly target: string;
  /** A clause: `connection refused`. */
  readonly reason: string;
  /** It went to the main side instead. */
  readonly fellBack: boolean;
}

/**
 * The main side gets everything that is not picked: other requests, what is ambiguous, what is not HTTP at all.  It is the
 * target's original program, and the picked side the developer's.
 */
export interface SplitOptions {
  readonly client: BytePipe;
  /** Called at once, since a server may speak first; and again where the main side hung up in between. */
  dialMain(): BytePipe;
  /**
   * Called for the first picked request, and again when the connection is lost.  Rejects with an Error whose message
   * says why, as a clause; it has a time limit of its own.
   */
  dialPicked(version: HttpVersion): Promise<BytePipe>;
  readonly filter: RequestFilter;
  /** `main`: a picked request goes to the main side when `dialPicked` fails and all of it is still here. */
  readonly fallback: 'error' | 'main';
  onRequest(event: RequestEvent): void;
  onFailure(event: FailureEvent): void;
  /** All pipes are closed; called once. */
  onOver(): void;
}

/** A connection that is being split. */
export interface Split {
  /** Resets all sides. */
  reset(): void;
}
