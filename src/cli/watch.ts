/** `mirrord status --watch`: one session, until it ends or the reader goes. */
import type { SessionStatus } from '../control/answers.ts';
import { readRecord } from '../control/client.ts';
import { sessionHere } from '../control/session-folder.ts';
import { followRunning } from './ask.ts';
import type { Format } from './output-format.ts';
import { out } from './output.ts';
import { formatStatus } from './status-text.ts';
import { readerHere } from './status.ts';

/** Until the first status is there, ms; it answers from memory. */
const BEGIN_DEADLINE_MS = 3_000;

export async function runWatch(name: string, format: Format): Promise<void> {
  const reader = await readerHere();
  const record = await readRecord(sessionHere(name));
  const whose = { user: record?.user.name ?? '', network_namespace: reader.networkNamespace };
  const write = format === 'table' ? undefined : await out.writer(format);
  for await (const { seq, event } of followRunning(name, 'watch', BEGIN_DEADLINE_MS)) {
    const session = { ...(event as SessionStatus), ...whose };
    if (write === undefined) out.screenful(session, (shown) => formatStatus(shown, reader));
    else write({ seq, session });
    if (!out.hasReader) return;
  }
  if (write === undefined) out.line(`${name}: ended`);
}
