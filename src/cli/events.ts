/** What `up` shows: steps while they go, then that it is ready. */
import type { Progress } from '../ipc/protocol.ts';
import { out } from './output.ts';
import type { Steps } from './steps.ts';

/** `up --json` prints one per line; a detached session tells its starter in the same way. */
export type UpEvent = Progress | { readonly ready: readonly string[] };

export type ShowEvent = (event: UpEvent) => void;

/** `closing` is the last line: how to end the session. */
export function forPeople(closing: string, steps: Steps): ShowEvent {
  return (event) => {
    if (!('ready' in event)) return steps.show(event);
    for (const line of event.ready) steps.line(line);
    steps.line(closing);
  };
}

export function forPrograms(event: UpEvent): void {
  out.json(event);
}
