import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  loadConfig,
  verifyConfig,
  type ConfigFlags,
  type LoadedConfig,
  type Verification,
} from '../../../src/config/index.ts';
import { MirrordError } from '../../../src/errors.ts';

/** A folder of its own for one test, with what is written into it. */
export class Workspace {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<Workspace> {
    const workspace = new Workspace(await mkdtemp(join(tmpdir(), 'mirrord-config-')));
    for (const [name, text] of Object.entries(files)) await workspace.write(name, text);
    return workspace;
  }

  async write(name: string, text: string | Uint8Array): Promise<void> {
    const path = join(this.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  async program(name: string, text: string): Promise<void> {
    await this.write(name, text);
    await chmod(join(this.path, name), 0o755);
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

export interface Given {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly flags?: ConfigFlags;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly branch?: string;
}

/** Loads with these files as the working directory. */
export async function load(given: Given): Promise<LoadedConfig> {
  return inWorkspace(given, (cwd) =>
    loadConfig({
      flags: given.flags ?? {},
      env: given.env ?? {},
      cwd,
      git: async () => given.branch,
      stdin: async function* () {
        yield Buffer.from(given.stdin ?? '');
      },
    }),
  );
}

/** Loads one JSON file. */
export async function loadJson(value: unknown, given: Given = {}): Promise<LoadedConfig> {
  return load({
    ...given,
    files: { ...given.files, 'c.json': JSON.stringify(value) },
    flags: { configFile: 'c.json', ...given.flags },
  });
}

/** The error that loading ends with. */
export async function refusal(given: Given): Promise<MirrordError> {
  try {
    await load(given);
  } catch (error) {
    if (error instanceof MirrordError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** Verifies `name` among these files. */
export async function verify(name: string, given: Given, resolved = false): Promise<Verification> {
  return inWorkspace(given, (cwd) =>
    verifyConfig(name, { resolved, env: given.env ?? {}, cwd, git: async () => given.branch }),
  );
}

async function inWorkspace<T>({ files }: Given, work: (cwd: string) => Promise<T>): Promise<T> {
  const workspace = await Workspace.make(files);
  try {
    return await work(workspace.path);
  } finally {
    await workspace.remove();
  }
}
