/**
 * The environment that a pod's manifest gives to a container, put together as the kubelet does it
 * (`makeEnvironmentVariables` in k8s.io/kubernetes, pkg/kubelet/kubelet_pods.go): envFrom in order, then env in order,
 * then the services' variables below both.
 *
 * Where the kubelet would refuse to start the container, we go on without the variable and say so: the container runs
 * already, and what we may not read (a Secret, most likely) is no reason to withhold the rest.
 */
import type { Variables } from '../variables.ts';
import { expand, references } from './expansion.ts';
import { fieldValue } from './field.ts';
import { ObjectStore } from './objects.ts';
import type { DeclaredVariable, DeclaringContainer, DeclaringPod, EnvironmentReaders, ValueSource } from './pod.ts';
import { findContainer, needsNode, resourceValue } from './resource.ts';
import { serviceVariables } from './service-links.ts';

export interface DeclaredEnvironment {
  readonly variables: Variables;
  /** What could not be resolved, by name and never by value. */
  readonly warnings: readonly string[];
}

/** Never rejects for what a reader could not read.  A container that the pod does not have declares nothing. */
export async function resolveDeclaredEnvironment(
  pod: DeclaringPod,
  containerName: string,
  readers: EnvironmentReaders,
): Promise<DeclaredEnvironment> {
  const container = findContainer(pod, containerName);
  if (container === undefined) return { variables: new Map(), warnings: [`the pod has no container ${containerName}`] };
  return new Resolution(pod, container, readers).run();
}

class Resolution {
  readonly #pod: DeclaringPod;
  readonly #container: DeclaringContainer;
  readonly #readers: EnvironmentReaders;
  readonly #objects: ObjectStore;
  readonly #variables = new Map<string, string>();
  /** Declared, but without a known value: a variable that refers to one of these has no value either. */
  readonly #unknown = new Set<string>();
  /** A whole source could not be read: what is not there may have been in it. */
  #isPartial = false;
  readonly #warnings = new Set<string>();

  constructor(pod: DeclaringPod, container: DeclaringContainer, readers: EnvironmentReaders) {
    this.#pod = pod;
    this.#container = container;
    this.#readers = readers;
    this.#objects = new ObjectStore(readers);
  }

  async run(): Promise<DeclaredEnvironment> {
    this.#objects.prefetch(this.#container);
    const services = await this.#services();
    await this.#takeSources();
    for (const variable of this.#container.env ?? []) await this.#declare(variable, services);
    const linked = [...services].filter(([name]) => !this.#unknown.has(name));
    return { variables: new Map([...linked, ...this.#variables]), warnings: [...this.#warnings] };
  }

  async #services(): Promise<Variables> {
    const namespace = this.#pod.metadata?.namespace ?? 'default';
    try {
      return serviceVariables(await this.#readers.services(), namespace, this.#pod.spec?.enableServiceLinks ?? true);
    } catch (error) {
      this.#isPartial = true;
      this.#warnings.add(`services could not be read, their variables are missing: ${reasonOf(error)}`);
      return new Map();
    }
  }

  async #takeSources(): Promise<void> {
    for (const { prefix = '', configMapRef, secretRef } of this.#container.envFrom ?? []) {
      const kind = configMapRef === undefined ? 'secret' : 'configMap';
      const reference = configMapRef ?? secretRef;
      if (reference === undefined) continue;
      const found = await this.#objects.data(kind, reference.name ?? '');
      if ('missing' in found) {
        if (!(found.absent && reference.optional === true)) {
          this.#isPartial = true;
          this.#warnings.add(`${found.missing}; its variables are missing`);
        }
        continue;
      }
      for (const [key, value] of found.data) this.#set(`${prefix}${key}`, value);
    }
  }

  async #declare({ name, value = '', valueFrom }: DeclaredVariable, services: Variables): Promise<void> {
    // An empty value with a source counts as none, as for the kubelet.
    if (value === '' && valueFrom !== undefined) return this.#take(name, valueFrom);
    const valueOf = (each: string): string | undefined => this.#variables.get(each) ?? services.get(each);
    const missing = references(value).find(
      (each) => this.#unknown.has(each) || (this.#isPartial && valueOf(each) === undefined),
    );
    if (missing !== undefined) return this.#lacks(name, `refers to ${missing}, whose value is not known`);
    this.#set(name, expand(value, valueOf));
  }

  async #take(name: string, source: ValueSource): Promise<void> {
    const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
    const keyReference = configMapKeyRef ?? secretKeyRef;
    if (fieldRef !== undefined) {
      const value = fieldValue(this.#pod, fieldRef.fieldPath);
      if (value === undefined)
        return this.#lacks(name, `refers to the field ${fieldRef.fieldPath}, which is not known`);
      return this.#set(name, value);
    }
    if (resourceFieldRef !== undefined) {
      const of = resourceFieldRef.containerName;
      const container = of === undefined || of === '' ? this.#container : findContainer(this.#pod, of);
      if (container === undefined) return this.#lacks(name, `refers to container ${of}, which does not exist`);
      const node = needsNode(resourceFieldRef, container) ? await this.#objects.nodeAllocatable() : { data: {} };
      if ('missing' in node) return this.#lacks(name, `is the node's ${resourceFieldRef.resource}: ${node.missing}`);
      const value = resourceValue(resourceFieldRef, container, node.data);
      if (value === undefined) return this.#lacks(name, `refers to ${resourceFieldRef.resource}, which is not known`);
      return this.#set(name, value);
    }
    if (keyReference !== undefined) {
      const { key, optional = false, name: object = '' } = keyReference;
      const kind = configMapKeyRef === undefined ? 'secret' : 'configMap';
      const found = await this.#objects.data(kind, object);
      if ('missing' in found) return found.absent && optional ? undefined : this.#lacks(name, found.missing);
      const value = found.data.get(key);
      if (value !== undefined) return this.#set(name, value);
      if (!optional) this.#lacks(name, `${found.title} has no key ${key}`);
      return;
    }
    this.#lacks(name, 'comes from a source that only the node can read');
  }

  #set(name: string, value: string): void {
    this.#variables.set(name, value);
    this.#unknown.delete(name);
  }

  #lacks(name: string, reason: string): void {
    this.#variables.delete(name);
    this.#unknown.add(name);
    this.#warnings.add(`${name}: ${reason}`);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
