/** `mirrord logs`: a session's log, as the user whose it is, since the file is the user's. */
import { logPath } from '../session/log-path.ts';
import { becomeInvokingUser } from './invoking-user.ts';
import { logLines } from './log-file.ts';
import { formatLogLine } from './log-line.ts';
import { out } from './output.ts';
import { sessionStatus } from './status.ts';

export async function runLogs(name: string, follow: boolean): Promise<void> {
  Object.assign(process.env, await becomeInvokingUser());
  for await (const line of logLines(await whereItIs(name), follow)) {
    out.line(formatLogLine(line));
    if (!out.hasReader) return;
  }
}

/** A session that is up says it itself: it may have been started with another XDG_STATE_HOME. */
export async function whereItIs(name: string): Promise<string> {
  const status = await sessionStatus(name).catch(() => undefined);
  return status?.log ?? logPath(name);
}
