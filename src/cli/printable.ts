import { stripVTControlCharacters } from 'node:util';

/** Plugins, servers and events are quoted, and may say what would act on the terminal: lines and tabs are what stays. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/[^\P{Cc}\n\t]/gu, '');
}
