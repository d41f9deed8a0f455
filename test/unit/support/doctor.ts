/** A machine and a cluster on paper, on which everything is as it should be unless the story says otherwise. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CLUSTER_CHECKS, DNS_CHECKS, Examination, MACHINE_CHECKS } from '../../../src/doctor/index.ts';
import type { DoctorContext, Finding } from '../../../src/doctor/index.ts';
import { commandMissing } from '../../../src/machine/linux/system/commands.ts';
import type { CommandResult } from '../../../src/machine/linux/system/commands.ts';
import { Files } from '../../../src/machine/files.ts';

export interface Story {
  readonly uid?: number;
  /** Contents over those of a good machine; undefined removes. */
  readonly files?: Readonly<Record<string, string | undefined>>;
  /** Names of programs in /usr/bin. */
  readonly programs?: readonly string[];
  /** Answers of programs; a missing one is not installed. */
  readonly commands?: Readonly<Record<string, CommandResult | undefined>>;
  readonly tun?: NodeJS.ErrnoException;
  readonly configuration?:
    { readonly file?: string; readonly warnings?: readonly string[]; readonly image?: string } | Error;
  readonly kubeconfig?: Error;
  readonly api?: { readonly warnings: readonly string[] } | Error;
  /** `verb resource`. */
  readonly denied?: readonly string[];
  readonly forwarded?: string | null | Error;
  readonly roundTrip?: number | Error;
}

const GOOD_FILES: Readonly<Record<string, string>> = {
  '/proc/sys/kernel/osrelease': '6.1.0-x\n',
  '/proc/self/status': 'Name:\tnode\nCapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n',
  '/dev/net/tun': '',
  '/etc/nsswitch.conf': 'hosts: files dns\n',
  '/etc/resolv.conf': 'nameserver 192.0.2.53\n',
};
const FINE: CommandResult = { code: 0, stdout: '[]', stderr: '' };

export async function examine(story: Story): Promise<Map<string, Finding>> {
  const root = mkdtempSync(join(tmpdir(), 'doctor-'));
  try {
    furnish(root, story);
    const examination = new Examination(contextOf(root, story));
    const findings = new Map<string, Finding>();
    const checks = [...MACHINE_CHECKS, ...DNS_CHECKS, ...CLUSTER_CHECKS];
    for await (const finding of examination.run(checks, new AbortController().signal))
      findings.set(finding.id, finding);
    return findings;
  } finally {
    rmSync(root, { recursive: true });
  }
}

function furnish(root: string, { files = {}, programs = ['sudo', 'nft'] }: Story): void {
  const put = (path: string, text: string, mode: number): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode });
  };
  for (const [path, text] of Object.entries({ ...GOOD_FILES, ...files })) {
    if (text !== undefined) put(path, text, 0o644);
  }
  // One of them by a link, as /etc/alternatives has it.
  for (const [index, program] of programs.entries()) {
    const path = `/usr/bin/${program}`;
    put(index === 0 ? path : `/opt/${program}`, '', 0o755);
    if (index > 0) symlinkSync(join(root, 'opt', program), join(root, path));
  }
}

function contextOf(root: string, story: Story): DoctorContext {
  const commands = story.commands ?? { ip: FINE, setpriv: FINE, nft: FINE };
  const answers = 'ip' in commands ? commands : { ip: FINE, setpriv: FINE, ...commands };
  return {
    system: {
      files: new Files(root),
      probes: {
        uid: () => story.uid ?? 0,
        processStart: () => '1',
        networkNamespace: () => 'net:[1]',
      },
      openIp: () => {
        throw new Error('doctor changes nothing');
      },
      run: async (command) => {
        const answer = answers[command];
        if (answer === undefined) throw commandMissing(command);
        return answer;
      },
    },
    openTunDevice: () => story.tun,
    configuration: {
      load: async () => {
        const {
          file = null,
          warnings = [],
          image = 'docker.io/library/node:24-slim',
        } = unlessError(story.configuration ?? {});
        return { file, notices: [], warnings, image };
      },
    },
    cluster: {
      context: async () => unlessError(story.kubeconfig ?? { context: 'dev', namespace: 'shop' }),
      open: async () => {
        const { warnings } = unlessError(story.api ?? { warnings: [] });
        return { server: 'https://api:6443', version: 'v1.34.4', warnings };
      },
      allowed: async ({ verb, resource, subresource }) => {
        const name = subresource === undefined ? resource : `${resource}/${subresource}`;
        return !(story.denied ?? []).includes(`${verb} ${name}`);
      },
      tryPortForward: async () => unlessError(story.forwarded === undefined ? 'web-1' : story.forwarded),
    },
    session: { name: 'default', roundTrip: async () => unlessError(story.roundTrip ?? null) },
  };
}

function unlessError<T>(value: T): Exclude<T, Error> {
  if (value instanceof Error) throw value;
  return value as Exclude<T, Error>;
}
