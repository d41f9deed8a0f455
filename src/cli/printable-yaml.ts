/** YAML that does no more on a terminal than be read: what does not show is written with escapes. */
import { Document, Scalar, visit } from 'yaml';
import { UNSEEN } from './printable.ts';

/** A text stays on its line, whatever is in it. */
const ON_ONE_LINE = { lineWidth: 0, blockQuote: false, doubleQuotedMinMultiLineLength: Infinity } as const;

/** One document, which ends with a line break. */
export function printableYaml(data: unknown): string {
  const document = new Document(data);
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && node.value.search(UNSEEN) >= 0) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  // By now such characters stand in double quotes alone, where an escape means the same.
  return document.toString(ON_ONE_LINE).replace(UNSEEN, escape);
}

/** YAML 1.2.2, 5.7: eight digits beyond the basic plane, where JSON has two escapes. */
function escape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
