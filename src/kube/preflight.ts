/** Questions to the cluster that change nothing in it: what `doctor` asks before anything is created. */
import { dialPod } from './port-forward/dial.ts';
import { explainAnswer } from './server/api-error.ts';
import type { Api } from './server/api.ts';
import type { Server } from './server/server.ts';
import { defined } from '../defined.ts';

export interface Right {
  readonly verb: string;
  /** `''` is the core group. */
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  /** Asked for the whole cluster instead of the namespace. */
  readonly clusterWide?: boolean;
}

/** Nothing listens there (tcpmux, RFC 1078): the way to the pod is tried, and no program in it is touched. */
const UNUSED_PORT = 1;

export class Preflight {
  readonly #api: Api;
  readonly #server: Server;
  readonly #namespace: string;

  constructor(api: Api, server: Server, namespace: string) {
    this.#api = api;
    this.#server = server;
    this.#namespace = namespace;
  }

  /** The server's own verdict on us (SelfSubjectAccessReview, which every user may ask for and nothing stores). */
  async allowed(right: Right, signal: AbortSignal): Promise<boolean> {
    const { verb, group, resource, subresource, clusterWide } = right;
    const resourceAttributes = {
      verb,
      group,
      resource,
      ...defined({ subresource }),
      ...(clusterWide === true ? {} : { namespace: this.#namespace }),
    };
    try {
      const { status } = await this.#api.create<{ readonly status?: { readonly allowed?: boolean } }>({
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
        signal,
      });
      return status?.allowed === true;
    } catch (error) {
      throw explainAnswer(error, 'asking for our rights');
    }
  }

  /** Those of `rights` that we do not have, in their order. */
  async missing<R extends Right>(rights: readonly R[], signal: AbortSignal): Promise<readonly R[]> {
    const verdicts = await Promise.all(rights.map((right) => this.allowed(right, signal)));
    return rights.filter((_, index) => !verdicts[index]);
  }

  /** Opens and closes a port-forward to some running pod; resolves to its name, or null when there is none to try. */
  async tryPortForward(signal: AbortSignal): Promise<string | null> {
    let pod: string | undefined;
    try {
      const { items } = await this.#api.list<{ readonly metadata: { readonly name: string } }>(
        {
          path: `/api/v1/namespaces/${encodeURIComponent(this.#namespace)}/pods`,
          query: { fieldSelector: 'status.phase=Running', limit: '1' },
          signal,
        },
        () => false,
      );
      pod = items[0]?.metadata.name;
    } catch (error) {
      throw explainAnswer(error, `listing pods of namespace ${this.#namespace}`);
    }
    if (pod === undefined) return null;
    const stream = await dialPod(this.#server, { namespace: this.#namespace, pod, port: UNUSED_PORT }, signal);
    // The refusal of the port comes later and is what was expected.
    stream.on('error', () => undefined);
    stream.destroy();
    return pod;
  }
}
