import { readJson } from './json-document.ts';
import type { Document } from './syntax.ts';
import { readToml } from './toml-document.ts';
import { readYaml } from './yaml-document.ts';

export const FORMATS = ['json', 'toml', 'yaml', 'yml'] as const;
export type Format = (typeof FORMATS)[number];

/** Parses; throws `SyntaxFaults`. */
export function readDocument(text: string, format: Format): Document {
  switch (format) {
    case 'json':
      return readJson(text);
    case 'toml':
      return readToml(text);
    case 'yaml':
    case 'yml':
      return readYaml(text);
  }
}
