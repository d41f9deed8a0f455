/** The first document's tokens as go-yaml v2 takes them, where it is more lenient than the parser of YAML 1.2. */
import { CST, Parser } from 'yaml';

/** `onLine`: told where each line begins. */
export function* tokensOf(text: string, onLine: (offset: number) => void): Generator<CST.Token> {
  for (const token of new Parser(onLine).parse(text)) {
    if (token.type !== 'document') {
      yield token;
      continue;
    }
    CST.visit(token, ({ value }) => {
      if (value?.type === 'double-quoted-scalar') value.source = withQuotes(value.source);
    });
    const { value } = token;
    if (value?.type === 'flow-collection' && isClosed(value)) {
      // Behind the last bracket of JSON it does not even look.
      yield { ...token, value: { ...value, end: value.end.slice(0, 1) }, end: [] };
      return;
    }
    yield token;
  }
}

const isClosed = ({ end: [first] }: CST.FlowCollection): boolean =>
  first?.type === 'flow-map-end' || first?.type === 'flow-seq-end';

/** `\'` is a quote, too. */
const withQuotes = (source: string): string =>
  source.replaceAll(/\\([^])/g, (pair, after) => (after === "'" ? "'" : pair));
