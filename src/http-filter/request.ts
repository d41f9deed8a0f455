/** What a filter may know of a request, whichever version of HTTP brought it. */
export interface RequestFacts {
  readonly method: string;
  /** As the client wrote it: path and query, or the absolute form. */
  readonly target: string;
  /** Name, value, name, value...; names in lower case, without those of HTTP/2 that begin with a colon. */
  readonly headers: readonly string[];
}

/** The path with its query, also out of an absolute form (RFC 9112, section 3.2.2). */
export function pathAndQuery(target: string): string {
  const absolute = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i.exec(target);
  return absolute === null ? target : target.slice(absolute[0].length) || '/';
}

/** Kubelet's checks (`kube-probe/1.34`): those of somebody else's program would restart the pod. */
export function isProbe({ headers }: RequestFacts): boolean {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at] === 'user-agent') return headers[at + 1].startsWith('kube-probe/');
  }
  return false;
}
