import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { extname, relative, resolve } from 'node:path';
import { MirrordError } from '../errors.ts';
import { FORMATS, type Format } from './document.ts';

/** Where the configuration comes from. */
export interface Source {
  /** As messages name it; `standard input` for `-`. */
  readonly name: string;
  readonly text: string;
  readonly format: Format;
  /** Nobody asked for it: it was there. */
  readonly discovered: boolean;
  /** Further files that discovery would have taken, had this one not been there. */
  readonly others: readonly string[];
}

export interface SourceRequest {
  /** `-f`; `-` is standard input. */
  readonly flag: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** By default this process's own. */
  readonly stdin: (() => AsyncIterable<Uint8Array>) | undefined;
}

/** A configuration of 10,000 filter entries is about 0.4 MB; what is five times as large is some other file.  Bytes. */
export const MAX_FILE_BYTES = 2 * 1024 * 1024;
/** A pipe whose writer says nothing; people who type by hand get this long.  Milliseconds. */
const PIPE_TIMEOUT_MS = 60_000;
const DISCOVERED: readonly string[] = FORMATS.map((format) => `.mirrord/mirrord.${format}`);

/** `-f` > MIRRORD_CONFIG_FILE > ./.mirrord/mirrord.{json,toml,yaml,yml}; null when there is none. */
export async function findSource(request: SourceRequest): Promise<Source | null> {
  const { flag, env, cwd, stdin = () => process.stdin } = request;
  if (flag === '-') {
    const text = decode(await collect(stdin(), 'standard input'), 'standard input');
    return { name: 'standard input', text, format: 'json', discovered: false, others: [] };
  }
  const variable = env['MIRRORD_CONFIG_FILE'];
  const named = flag ?? (variable === '' ? undefined : variable);
  if (named !== undefined) return readSource(named, cwd);
  const found: string[] = [];
  for (const path of DISCOVERED) if (await exists(resolve(cwd, path))) found.push(path);
  const [first, ...others] = found;
  return first === undefined ? null : { ...(await readSource(first, cwd)), discovered: true, others };
}

/** Reads one file, relative to `cwd`. */
export async function readSource(path: string, cwd: string): Promise<Source> {
  const full = resolve(cwd, path);
  const name = shortName(full, path, cwd);
  const format = formatOf(path, name);
  return { name, text: decode(await readBytes(full, name), name), format, discovered: false, others: [] };
}

function formatOf(path: string, name: string): Format {
  const extension = extname(path).slice(1).toLowerCase();
  if (extension === '') return 'json';
  const format = FORMATS.find((known) => known === extension);
  if (format !== undefined) return format;
  throw new MirrordError('usage', 'config-format', `${name}: there is no configuration format .${extension}.`, {
    help: 'Use .json (or no extension), .toml, .yaml or .yml.',
  });
}

async function readBytes(path: string, name: string): Promise<Uint8Array> {
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) throw unreadable(name, 'it is a folder');
    if (facts.size > MAX_FILE_BYTES) throw tooLarge(name);
    if (facts.isFile()) return await readFile(path);
    // A pipe (`-f <(...)`) or a device: its size is not known beforehand, and it may never end.
    return await within(openPipe(path, name), name);
  } catch (error) {
    if (error instanceof MirrordError) throw error;
    throw unreadable(name, reasonOf(error), error);
  }
}

async function openPipe(path: string, name: string): Promise<Uint8Array> {
  const handle: FileHandle = await open(path, 'r');
  return collect(handle.createReadStream(), name);
}

async function collect(stream: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const read = async (): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of stream) {
      size += chunk.length;
      if (size > MAX_FILE_BYTES) throw tooLarge(name);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  };
  return within(read(), name);
}

async function within<T>(work: Promise<T>, name: string): Promise<T> {
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => deadline.reject(unreadable(name, 'nothing came within a minute')), PIPE_TIMEOUT_MS);
  try {
    return await Promise.race([work, deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function decode(bytes: Uint8Array, name: string): string {
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw notText(name, zero);
  try {
    // A byte order mark is dropped by the decoder.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The decoder does not say where; the place is looked for only then.
    return failDecoding(bytes, name);
  }
}

function failDecoding(bytes: Uint8Array, name: string): never {
  const text = new TextDecoder('utf-8').decode(bytes);
  const valid = text.slice(0, text.indexOf('\uFFFD'));
  throw notText(name, Buffer.byteLength(valid));
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw unreadable(path, reasonOf(error), error);
  }
}

/** The path as the user wrote it, or relative to where they are when that is shorter. */
function shortName(full: string, path: string, cwd: string): string {
  const short = relative(cwd, full);
  return short !== '' && short.length < path.length && !short.startsWith('..') ? short : path;
}

function unreadable(name: string, reason: string, cause?: unknown): MirrordError {
  return new MirrordError('usage', 'config-unreadable', `The configuration ${name} cannot be read: ${reason}.`, {
    help: 'Check the path given with -f or in MIRRORD_CONFIG_FILE.',
    ...(cause === undefined ? {} : { cause }),
  });
}

function tooLarge(name: string): MirrordError {
  return new MirrordError(
    'usage',
    'config-too-large',
    `The configuration ${name} is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB.`,
    {
      help: 'Is it the right file?',
    },
  );
}

function notText(name: string, offset: number): MirrordError {
  return new MirrordError(
    'usage',
    'config-not-text',
    `The configuration ${name} is not UTF-8 text: see byte ${offset + 1}.`,
    {
      help: 'Is it the right file? Save it as UTF-8.',
    },
  );
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'you have no permission to read it';
  if (code === 'ELOOP') return 'its symbolic links lead in a circle';
  return error instanceof Error ? error.message : String(error);
}
