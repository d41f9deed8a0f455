/** The command table: what oclif may run.  A command's file is its flags and texts; what it does is imported when run. */
import { AgentCode } from './commands/agent-code.ts';
import { Completion } from './commands/completion.ts';
import { DiagnoseLatency } from './commands/diagnose-latency.ts';
import { Doctor } from './commands/doctor.ts';
import { Down } from './commands/down.ts';
import { Env } from './commands/env.ts';
import { Exec } from './commands/exec.ts';
import { Explain } from './commands/explain.ts';
import { Help } from './commands/help.ts';
import { Logs } from './commands/logs.ts';
import { Ls } from './commands/ls.ts';
import { Report } from './commands/report.ts';
import { Status } from './commands/status.ts';
import { Up } from './commands/up.ts';
import { VerifyConfig } from './commands/verify-config.ts';
import { Version } from './commands/version.ts';

export const COMMANDS = {
  up: Up,
  down: Down,
  status: Status,
  explain: Explain,
  ls: Ls,
  env: Env,
  exec: Exec,
  'verify-config': VerifyConfig,
  doctor: Doctor,
  logs: Logs,
  report: Report,
  'agent-code': AgentCode,
  completion: Completion,
  version: Version,
  help: Help,
  'diagnose:latency': DiagnoseLatency,
};
