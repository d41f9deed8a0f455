/** Rules of style that oxlint does not have; .oxlintrc.json names this file. */

/** Of an ESTree node, what the rules look at. */
interface Node {
  readonly type: string;
  readonly [part: string]: unknown;
}

interface Context {
  report(problem: { readonly node: Node; readonly message: string }): void;
}

interface Rule {
  create(context: Context): Readonly<Record<string, (node: Node) => void>>;
}

/** A constructor has no other way to be hidden. */
const hashPrivate: Rule = {
  create(context) {
    const check = (node: Node): void => {
      if (node['accessibility'] === undefined || node['accessibility'] === null || node['kind'] === 'constructor')
        return;
      context.report({ node, message: 'Hide a member by # in its name; all others are public without a word.' });
    };
    return { PropertyDefinition: check, MethodDefinition: check, AccessorProperty: check };
  },
};

/** People read messages one after another, each a sentence: a capital first (but for a name or a key), a full stop last. */
const errorSentence: Rule = {
  create(context) {
    return {
      NewExpression(node) {
        const { callee, arguments: given } = node as unknown as { callee: Node; arguments: readonly Node[] };
        const message = given[2];
        if (callee['name'] !== 'MirrordError' || message === undefined) return;
        const [first, last] = ends(message);
        if (/^(?!mirrord\b|feature\.)[a-z]/.test(first)) {
          context.report({ node: message, message: 'A message begins with a capital.' });
        }
        if (last !== '' && !/[.)]$/.test(last)) {
          context.report({ node: message, message: 'A message ends with a full stop.' });
        }
      },
    };
  },
};

/** The text at the beginning and at the end, as far as it stands there; empty where a value does. */
function ends(message: Node): readonly [string, string] {
  if (message.type === 'Literal' && typeof message['value'] === 'string') return [message['value'], message['value']];
  if (message.type !== 'TemplateLiteral') return ['', ''];
  const texts = (message['quasis'] as readonly { readonly value: { readonly cooked: string } }[]).map(
    ({ value }) => value.cooked,
  );
  return [texts.at(0) ?? '', texts.at(-1) ?? ''];
}

export default {
  meta: { name: 'style' },
  rules: { 'hash-private': hashPrivate, 'error-sentence': errorSentence },
};
