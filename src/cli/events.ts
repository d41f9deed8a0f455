/** What `up` shows: steps while they go, that it is ready, and how it has ended. */
import type { Progress } from '../ipc/protocol.ts';
import { out } from './output.ts';
import type { Steps } from './steps.ts';

/** `up --json` prints one per line; a detached session tells its starter in the same way. */
export type UpEvent = Progress | { readonly ready: readonly string[] } | { readonly ended: Ended };

/** An end that was asked for.  `as_before`: on this machine and in the cluster; else what is left was told before. */
export interface Ended {
  readonly by: 'signal' | 'down';
  readonly as_before: boolean;
}

export type ShowEvent = (event: UpEvent) => void;

/** `closing` is the last line of what is ready: how to end the session. */
export function forPeople(closing: string, steps: Steps): ShowEvent {
  return (event) => {
    if ('ended' in event) return steps.line(describeEnd(event.ended));
    if (!('ready' in event)) return steps.show(event);
    for (const line of event.ready) steps.line(line);
    steps.line(closing);
  };
}

function describeEnd({ by, as_before }: Ended): string {
  if (by === 'down') return 'Ended by mirrord down.';
  return as_before ? 'Stopped; everything is as before.' : 'Stopped.';
}

export function forPrograms(event: UpEvent): void {
  out.json(event);
}
