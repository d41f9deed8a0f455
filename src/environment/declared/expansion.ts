/**
 * `$(NAME)` in a declared value, as the kubelet expands it (k8s.io/kubernetes, third_party/forked/golang/expansion).
 *
 * `$$` is a dollar sign; a reference to an unknown name, an unclosed one and a lone `$` stay as they are written.  What a
 * reference brings in is not expanded again.
 */
export function expand(text: string, valueOf: (name: string) => string | undefined): string {
  return text.replace(REFERENCE, (whole, name: string | undefined) =>
    whole === '$$' ? '$' : name === undefined ? whole : (valueOf(name) ?? whole),
  );
}

/** Names that the text refers to. */
export function references(text: string): readonly string[] {
  return [...text.matchAll(REFERENCE)].flatMap((match) => match[1] ?? []);
}

/** `$$`, `$(NAME)`, and `$` with any other letter, which is read together with it. */
const REFERENCE = /\$\$|\$\(([^)]*)\)|\$\(|\$[^$(]/g;
