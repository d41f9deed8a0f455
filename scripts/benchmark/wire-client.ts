/** Runs the native client on a path. */
import type { Pace, Tools } from './metric.ts';
import type { Path } from './path.ts';

export interface WireResult {
  readonly count: number;
  readonly rate: number;
  /** Microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly lost: number;
}

export async function wire(
  mode: 'rr' | 'connect' | 'udp' | 'paced' | 'dns',
  path: Path,
  { seconds, warmUpSeconds }: Pace,
  tools: Tools,
  count = 1,
  at = { address: path.address, port: path.ports.echo },
): Promise<WireResult> {
  const once = async (duration: number): Promise<string> => {
    const args = [mode, at.address, String(at.port), String(duration * 1000), String(count)];
    const { code, stdout, stderr } = await path.client.run(tools.wire, args);
    if (code !== 0) throw new Error(`wire ${args.join(' ')} on ${path.title}: ${stderr}`);
    return stdout;
  };
  await once(warmUpSeconds);
  return JSON.parse(await once(seconds)) as WireResult;
}
