/** The downward API's `resourceFieldRef`: requests and limits of a container. */
import type { DeclaringContainer, DeclaringPod, ResourceReference, Texts } from './pod.ts';
import { divideUp, parseQuantity } from './quantity.ts';

const RESOURCE = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/;

/** A container without such a limit may use what its node has (huge pages aside, which are never shared out twice). */
export function needsNode(reference: ResourceReference, container: DeclaringContainer): boolean {
  const match = RESOURCE.exec(reference.resource);
  return (
    match?.[1] === 'limits' &&
    !match[2]?.startsWith('hugepages-') &&
    container.resources?.limits?.[match[2] ?? ''] === undefined
  );
}

export function findContainer(pod: DeclaringPod, name: string): DeclaringContainer | undefined {
  return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find((each) => each.name === name);
}

/** Undefined for a resource or a quantity that the downward API does not know. */
export function resourceValue(
  reference: ResourceReference,
  container: DeclaringContainer,
  allocatable: Texts | null,
): string | undefined {
  const [, kind, resource = ''] = RESOURCE.exec(reference.resource) ?? [];
  if (kind === undefined) return undefined;
  const own = container.resources?.[kind as 'limits' | 'requests']?.[resource];
  const value = parseQuantity(own ?? (kind === 'limits' ? allocatable?.[resource] : undefined) ?? '0');
  const divisor = parseQuantity(reference.divisor ?? '1');
  return value === null || divisor === null ? undefined : divideUp(value, divisor).toString();
}
