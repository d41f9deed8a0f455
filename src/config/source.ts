/** Which configuration file was named, and its text. */
import { readdir, stat } from 'node:fs/promises';
import { extname, join, relative, resolve } from 'node:path';
import { MirrordError } from '../errors.ts';
import { readBounded } from './bounded-file.ts';
import { DEFAULT_FOLDER } from './flags.ts';
import { FORMATS, type Format } from './document.ts';
import { type ByteSource, readPipe, readStream } from './streams.ts';
import { defined } from '../defined.ts';

/** Where the configuration comes from. */
export interface Source {
  /** As messages name it; `standard input` for `-`. */
  readonly name: string;
  readonly text: string;
  readonly format: Format;
  /** Further files of a folder that was named, which would have been read had this one not been there. */
  readonly others: readonly string[];
}

export interface SourceRequest {
  /** `-f`: a file, a folder (`DEFAULT_FOLDER` for `-f` alone), or `-` for standard input. */
  readonly flag: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** By default this process's own. */
  readonly stdin: (() => ByteSource) | undefined;
}

const STDIN = 'standard input';
/** A configuration of 10,000 filter entries is about 0.4 MB; what is five times as large is some other file.  Bytes. */
const MAX_FILE_BYTES = 2 * 1024 * 1024;
/** A folder that is named means the first of these in it. */
const IN_FOLDER: readonly string[] = FORMATS.map((format) => `mirrord.${format}`);

/**
 * `-f` > MIRRORD_CONFIG_FILE; null when neither names one.  A file that merely lies there is not read: a repository that
 * was just cloned could run programs by the `kubeconfig` of its own.
 */
export async function findSource(request: SourceRequest): Promise<Source | null> {
  const { flag, env, cwd, stdin = () => process.stdin } = request;
  if (flag === '-') {
    return { name: STDIN, text: decode(await readStdin(stdin()), STDIN), format: 'json', others: [] };
  }
  const variable = env['MIRRORD_CONFIG_FILE'];
  const named = flag ?? (variable === '' ? undefined : variable);
  return named === undefined ? null : readSource(named, cwd);
}

/** The file that `-f` alone would read, as a path from `cwd`; null when there is none, or none that can be seen. */
export async function unnamedFile(cwd: string): Promise<string | null> {
  const files = await filesIn(resolve(cwd, DEFAULT_FOLDER)).catch(() => null);
  return files?.[0] === undefined ? null : `./${DEFAULT_FOLDER}/${files[0]}`;
}

/** Reads one file, or the one in a folder, relative to `cwd`. */
async function readSource(path: string, cwd: string): Promise<Source> {
  if (path === '') throw unreadable(path, 'the path is empty');
  const full = resolve(cwd, path);
  const name = shortName(full, path, cwd);
  const files = await filesIn(full).catch((error: unknown) => {
    throw unreadable(name, reasonOf(error), error);
  });
  if (files === null) return readFileSource(full, name);
  const [first, ...others] = files;
  if (first === undefined) throw unreadable(name, `there is no ${orList(IN_FOLDER)} in this folder`);
  const inFolder = (file: string): string => join(name, file);
  return { ...(await readFileSource(join(full, first), inFolder(first))), others: others.map(inFolder) };
}

async function readFileSource(full: string, name: string): Promise<Source> {
  const format = formatOf(full, name);
  return { name, text: decode(await readBytes(full, name), name), format, others: [] };
}

function formatOf(path: string, name: string): Format {
  const extension = extname(path).slice(1).toLowerCase();
  if (extension === '') return 'json';
  const format = FORMATS.find((known) => known === extension);
  if (format !== undefined) return format;
  throw new MirrordError('usage', 'config-format', `${name}: unknown configuration format .${extension}.`, {
    help: 'Use .json (or no extension), .toml, .yaml or .yml.',
  });
}

async function readBytes(path: string, name: string): Promise<Uint8Array> {
  try {
    const facts = await stat(path);
    if (facts.isDirectory()) throw unreadable(name, 'it is a folder');
    if (facts.isFile()) return (await readBounded(path, MAX_FILE_BYTES)) ?? tooLarge(name);
    if (facts.isFIFO()) return (await readPipe(path, MAX_FILE_BYTES)) ?? tooLarge(name);
    throw unreadable(name, 'it is neither a file nor a pipe');
  } catch (error) {
    if (error instanceof MirrordError) throw error;
    throw unreadable(name, reasonOf(error), error);
  }
}

async function readStdin(stream: ByteSource): Promise<Uint8Array> {
  const bytes = await readStream(stream, MAX_FILE_BYTES).catch((error: unknown) => {
    throw unreadable(STDIN, reasonOf(error), error);
  });
  return bytes ?? tooLarge(STDIN);
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

/** The configuration files of a folder, the first one first; null where `path` is not a folder. */
async function filesIn(path: string): Promise<readonly string[] | null> {
  const facts = await stat(path);
  if (!facts.isDirectory()) return null;
  const there = new Set(await readdir(path));
  return IN_FOLDER.filter((name) => there.has(name));
}

/** The path as the user wrote it, or relative to where they are when that is shorter. */
function shortName(full: string, path: string, cwd: string): string {
  const short = relative(cwd, full);
  return short !== '' && short.length < path.length && !short.startsWith('..') ? short : path;
}

const orList = (names: readonly string[]): string => `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;

function unreadable(name: string, reason: string, cause?: unknown): MirrordError {
  return new MirrordError(
    'usage',
    'config-unreadable',
    `The configuration ${name || '""'} cannot be read: ${reason}.`,
    {
      help: 'Check the path given with -f (alone it means .mirrord/mirrord.json) or in MIRRORD_CONFIG_FILE.',
      ...defined({ cause }),
    },
  );
}

function tooLarge(name: string): never {
  throw new MirrordError(
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
  if (code === 'ELOOP') return 'its symbolic links form a loop';
  return error instanceof Error ? error.message : String(error);
}
