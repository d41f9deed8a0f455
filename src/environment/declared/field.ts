/** The downward API's `fieldRef`: what a pod can learn of itself. */
import type { DeclaringPod, Texts } from './pod.ts';

const SUBSCRIPTED = /^metadata\.(labels|annotations)\['([^]*)'\]$/;

/** Undefined for a path that the downward API does not know. */
export function fieldValue(pod: DeclaringPod, path: string): string | undefined {
  const { metadata, spec, status } = pod;
  const subscript = SUBSCRIPTED.exec(path);
  if (subscript !== null) {
    const texts = subscript[1] === 'labels' ? metadata?.labels : metadata?.annotations;
    return new Map(Object.entries(texts ?? {})).get(subscript[2] ?? '') ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return metadata?.name ?? '';
    case 'metadata.namespace':
      return metadata?.namespace ?? '';
    case 'metadata.uid':
      return metadata?.uid ?? '';
    case 'metadata.labels':
      return listed(metadata?.labels);
    case 'metadata.annotations':
      return listed(metadata?.annotations);
    case 'spec.nodeName':
    case 'spec.host':
      return spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? '';
    case 'spec.restartPolicy':
      return spec?.restartPolicy ?? '';
    case 'spec.schedulerName':
      return spec?.schedulerName ?? '';
    case 'status.phase':
      return status?.phase ?? '';
    case 'status.podIP':
      return status?.podIP ?? '';
    case 'status.podIPs':
      return addresses(status?.podIPs, status?.podIP);
    case 'status.hostIP':
      return status?.hostIP ?? '';
    case 'status.hostIPs':
      return addresses(status?.hostIPs, status?.hostIP);
    default:
      return undefined;
  }
}

/** A cluster of one family, or an old one, has no lists. */
function addresses(list: readonly { readonly ip?: string | undefined }[] | undefined, single = ''): string {
  const found = (list ?? []).flatMap(({ ip }) => ip ?? []);
  return found.length > 0 ? found.join(',') : single;
}

/** One `key="value"` a line, in order of the keys.  JSON's escapes are Go's for all that labels and annotations hold. */
function listed(texts: Texts = {}): string {
  return Object.keys(texts)
    .sort()
    .map((key) => `${key}=${JSON.stringify(texts[key])}`)
    .join('\n');
}
