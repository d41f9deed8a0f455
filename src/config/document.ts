import type { Document } from './syntax.ts';

export const FORMATS = ['json', 'toml', 'yaml', 'yml'] as const;
export type Format = (typeof FORMATS)[number];

/** Parses; rejects with `SyntaxFaults`.  A parser is loaded only for a file that needs it: each takes longer than most files. */
export async function readDocument(text: string, format: Format): Promise<Document> {
  switch (format) {
    case 'json':
      return (await import('./json-document.ts')).readJson(text);
    case 'toml':
      return (await import('./toml-document.ts')).readToml(text);
    case 'yaml':
    case 'yml':
      return (await import('./yaml-document.ts')).readYaml(text);
  }
}
