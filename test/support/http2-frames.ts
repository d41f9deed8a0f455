/** Frames of HTTP/2 by hand, for tests: as texts of one character for each byte. */
import { FrameReader } from '../../src/splitter/http2/frame-reader.ts';
import { encodeBlock } from '../../src/splitter/http2/hpack/encoder.ts';
import { NO_SECRETS } from '../../src/splitter/http2/hpack/block.ts';
import { Decoder } from '../../src/splitter/http2/hpack/decoder.ts';
import { FLAG, PREFACE, TYPE, writeFrame, writeSettings } from '../../src/splitter/http2/frame.ts';
import type { Frame } from '../../src/splitter/http2/frame.ts';

export const END = FLAG.END_STREAM;
export const WHOLE = FLAG.END_HEADERS;

export function frame(type: keyof typeof TYPE | number, flags: number, stream: number, payload = ''): string {
  const number = typeof type === 'number' ? type : TYPE[type];
  return writeFrame(number, flags, stream, Buffer.from(payload, 'latin1')).toString('latin1');
}

export function settings(...pairs: readonly (readonly [number, number])[]): string {
  return writeSettings(pairs).toString('latin1');
}

export const ACK = frame('SETTINGS', FLAG.ACK, 0);
export const HELLO = PREFACE.toString('latin1') + settings();

export function word(...values: readonly number[]): string {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, at * 4);
  return bytes.toString('latin1');
}

export function block(...fields: readonly string[]): string {
  return encodeBlock({ fields, secrets: NO_SECRETS }, []).toString('latin1');
}

/** A request's block; with `alice`, one that the tests' filter picks. */
export function request(path: string, who: 'alice' | 'bob', ...more: readonly string[]): string {
  const first = [':method', more.includes('content-type') ? 'POST' : 'GET', ':scheme', 'http', ':path', path];
  return block(...first, ':authority', 'a', 'x-user', who, ...more);
}

/** HEADERS of a request without a body. */
export function ask(stream: number, path: string, who: 'alice' | 'bob'): string {
  return frame('HEADERS', END | WHOLE, stream, request(path, who));
}

/** An answer of one HEADERS and one DATA frame. */
export function answer(stream: number, body: string): string {
  return frame('HEADERS', WHOLE, stream, block(':status', '200')) + frame('DATA', END, stream, body);
}

/** The frames of a text, without the preface. */
export function framesOf(text: string): readonly Frame[] {
  const hello = PREFACE.toString('latin1');
  const reader = new FrameReader();
  reader.feed(Buffer.from(text.startsWith(hello) ? text.slice(hello.length) : text, 'latin1'));
  const frames: Frame[] = [];
  for (let one = reader.next(); one !== null; one = reader.next()) frames.push(one);
  return frames;
}

/** What each stream has been sent: `header=value ... | body | RST 8`. */
export function streamsOf(text: string): Readonly<Record<number, string>> {
  const decoder = new Decoder();
  const streams: Record<number, string> = {};
  for (const one of framesOf(text)) {
    const payload = one.bytes.subarray(one.from, one.to);
    if (one.stream === 0) continue;
    let said = '';
    if (one.type === TYPE.HEADERS) {
      const { fields } = decoder.decode(payload);
      said = fields.flatMap((name, at) => (at % 2 === 0 ? [`${name}=${fields[at + 1]}`] : [])).join(' ');
    } else if (one.type === TYPE.DATA) said = payload.toString('latin1');
    else if (one.type === TYPE.RST_STREAM) said = `RST ${payload.readUInt32BE(0)}`;
    else continue;
    const isEnd = one.type !== TYPE.RST_STREAM && (one.flags & END) !== 0;
    streams[one.stream] = (streams[one.stream] ?? '') + said + (isEnd ? '.' : ' | ');
  }
  return streams;
}

/** The payloads of frames of one type on the whole connection or one stream. */
export function payloads(text: string, type: keyof typeof TYPE, stream?: number): readonly Buffer[] {
  return framesOf(text)
    .filter((one) => one.type === TYPE[type] && (stream === undefined || one.stream === stream))
    .map((one) => one.bytes.subarray(one.from, one.to));
}
