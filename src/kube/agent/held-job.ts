/** One Job in the cluster, from its request to its deletion, and what of it stands in between. */
import type { V1Job } from '@kubernetes/client-node';
import { MirrordError } from '../../errors.ts';
import type { Remains } from '../cluster.ts';
import { reasonOf } from '../kubeconfig/file.ts';
import { ApiError, explainAnswer, isRbacRefusal, isStatus } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';
import { isAdmissionRefusal, notAdmitted } from './admission.ts';

/** Deleting is one request; a server that takes longer has TTL and the agent's own end to rely on. */
const DELETE_DEADLINE_MS = 5_000;

export class HeldJob {
  readonly #api: Api;
  readonly #namespace: string;
  readonly #name: string;
  readonly #remains: Remains;
  /** It stands, or may. */
  #stands = false;

  constructor(api: Api, namespace: string, name: string, remains: Remains) {
    this.#api = api;
    this.#namespace = namespace;
    this.#name = name;
    this.#remains = remains;
  }

  /**
   * Not under the caller's signal: an aborted request may have been carried out, and what it made could come to be after
   * our delete.  It is bounded by the request's own deadline.
   */
  async create(job: V1Job, warn: (text: string) => void): Promise<void> {
    this.#setStands(true);
    try {
      await this.#api.create<V1Job>({
        path: `/apis/batch/v1/namespaces/${this.#namespace}/jobs`,
        body: job,
        signal: new AbortController().signal,
        warn,
      });
    } catch (error) {
      // The server has said no; without an answer it may be there.
      if (error instanceof ApiError) this.#setStands(false);
      throw notCreated(error);
    }
  }

  /** Bounded, and never throws: what could not be removed is told, and left to the TTL and the agent's own end. */
  async remove(): Promise<void> {
    if (!this.#stands) return;
    try {
      await this.#api.delete({
        path: `/apis/batch/v1/namespaces/${this.#namespace}/jobs/${this.#name}`,
        body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' },
        signal: new AbortController().signal,
        deadlineMs: DELETE_DEADLINE_MS,
      });
      this.#setStands(false);
    } catch (error) {
      if (isStatus(error, 404)) this.#setStands(false);
      else this.#remains.add(this.#what, whyNot(error));
    }
  }

  get #what(): string {
    return `The agent's Job ${this.#namespace}/${this.#name}`;
  }

  #setStands(stands: boolean): void {
    this.#stands = stands;
    if (stands) this.#remains.add(this.#what);
    else this.#remains.remove(this.#what);
  }
}

function notCreated(error: unknown): Error {
  if (isRbacRefusal(error)) {
    return new MirrordError('agent', 'agent-forbidden', `You may not create the agent's Job: ${reasonOf(error)}`, {
      help: 'Ask for the rights in docs/rbac.yaml, or choose another namespace with -n or agent.namespace.',
      cause: error,
    });
  }
  if (isAdmissionRefusal(error)) return notAdmitted(error.message, "the agent's Job");
  return explainAnswer(error, "creating the agent's Job");
}

/** Of a refusal the server's words; everything else kept the server from answering. */
function whyNot(error: unknown): string {
  return error instanceof ApiError ? `${error.message} (HTTP ${error.status})` : 'the API server does not answer';
}
