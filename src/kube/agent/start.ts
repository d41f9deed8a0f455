/**
 * From a created object to an agent that listens; the same for a Job's pod and for an ephemeral container.
 *
 * The pod is watched and, where the rights allow, the events; the first of them to know that it cannot succeed says
 * so, in the cluster's own words.  Nothing that the kubelet might get right at a later try is waited for: people can
 * try again themselves, and would rather know.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { CoreV1Event, V1Pod } from '@kubernetes/client-node';
import { MirrordError } from '../../errors.ts';
import type { AgentProgram } from '../cluster.ts';
import { explainAnswer, isStatus } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';
import { observe } from '../server/observe.ts';
import { notAdmitted } from './admission.ts';
import { diagnose, imageFailure } from './diagnosis.ts';
import { awaitListening, type LogVerdict } from './log.ts';

/** A Job's controller needs some 10 ms; after this long it is asked by other means why there is no pod. */
const NO_POD_MS = 1_500;

export interface Expectation {
  readonly namespace: string;
  /** How the pod is found: `labelSelector` or `fieldSelector`. */
  readonly selector: Readonly<Record<string, string>>;
  readonly container: string;
  readonly refuses: AgentProgram['refuses'];
  readonly timeoutMs: number;
  /** The Job whose events tell why there is no pod. */
  readonly job?: string;
  /** For want of a right to read events: throws when the server would not admit such a pod. */
  readonly rehearse?: (signal: AbortSignal) => Promise<void>;
}

export interface StartedAgent {
  readonly pod: string;
  readonly node: string;
  readonly port: number;
}

/** Events about the agent's container that people like to see while they wait. */
const PROGRESS = new Set(['Pulling', 'Pulled']);

export function awaitAgent(
  api: Api,
  wanted: Expectation,
  report: (text: string) => void,
  signal: AbortSignal,
): Promise<StartedAgent> {
  return new Start(api, wanted, report).run(signal);
}

class Start {
  readonly #api: Api;
  readonly #wanted: Expectation;
  readonly #report: (text: string) => void;
  #last = 'its pod has not been created';
  #pod: string | null = null;
  /** What its events say before its status does. */
  readonly #failed = Promise.withResolvers<never>();

  constructor(api: Api, wanted: Expectation, report: (text: string) => void) {
    this.#api = api;
    this.#wanted = wanted;
    this.#report = report;
  }

  async run(signal: AbortSignal): Promise<StartedAgent> {
    const { timeoutMs, namespace, job } = this.#wanted;
    const done = new AbortController();
    const deadline = AbortSignal.timeout(timeoutMs);
    const bounded = AbortSignal.any([signal, done.signal, deadline]);
    const refused: Promise<never>[] = job === undefined ? [] : [this.#refusal(job, bounded)];
    try {
      return await Promise.race([this.#listening(bounded), this.#failed.promise, aborted(bounded), ...refused]);
    } catch (error) {
      signal.throwIfAborted();
      if (!deadline.aborted || error instanceof MirrordError) throw error;
      const text = `the agent did not start within ${timeoutMs / 1000} s: ${this.#last}`;
      throw new MirrordError('agent', 'agent-timeout', text, {
        help: `\`kubectl -n ${namespace} get events\` may say why; agent.startup_timeout is the limit.`,
      });
    } finally {
      done.abort();
    }
  }

  #tell(text: string): void {
    if (text === this.#last) return;
    this.#last = text;
    this.#report(text);
  }

  async #listening(signal: AbortSignal): Promise<StartedAgent> {
    const { namespace, selector, container } = this.#wanted;
    const collection = { path: `/api/v1/namespaces/${namespace}/pods`, query: selector };
    try {
      for await (const change of observe<V1Pod>(this.#api, collection, signal)) {
        const pod = change.kind === 'all' ? change.objects[0] : change.object;
        if (pod === undefined) continue;
        if (change.kind === 'gone') throw gone(pod);
        if (this.#pod === null) {
          this.#pod = pod.metadata!.name!;
          void this.#progress(this.#pod, signal);
        }
        const diagnosis = diagnose(pod, container);
        if (diagnosis.kind === 'failed') throw diagnosis.error;
        if (diagnosis.kind === 'waiting') this.#tell(diagnosis.text);
        if (diagnosis.kind === 'ended') throw await this.#ended(pod, diagnosis, signal);
        if (diagnosis.kind === 'running') {
          this.#tell(`on node ${pod.spec?.nodeName}, running`);
          const verdict = await this.#verdict(pod, signal);
          if (verdict.kind === 'listening') {
            return { pod: pod.metadata!.name!, node: pod.spec?.nodeName ?? '', port: verdict.port };
          }
          // Its log has ended; the status that says why is on its way.
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      throw explainAnswer(error, `watching the pods of namespace ${namespace}`);
    }
    return aborted(signal);
  }

  /** The container has ended: its log says more than its exit code. */
  async #ended(pod: V1Pod, diagnosis: { text: string; help: string }, signal: AbortSignal): Promise<MirrordError> {
    const verdict = await this.#verdict(pod, signal);
    const tail = verdict.kind === 'ended' && verdict.tail !== '' ? `; its log ends with:\n${verdict.tail}` : '';
    const text = `the agent ended before it could be used (${diagnosis.text})${tail}`;
    return new MirrordError('agent', 'agent-ended', text, { help: diagnosis.help });
  }

  /** Never resolves; rejects when the Job's pod is not let in. */
  async #refusal(job: string, signal: AbortSignal): Promise<never> {
    const readable = await this.#events('Job', job, signal, (event) => {
      if (event.reason === 'FailedCreate') throw notAdmitted(event.message ?? '');
    });
    if (!readable) {
      await delay(NO_POD_MS, undefined, { signal });
      if (this.#pod === null) await this.#wanted.rehearse?.(signal);
    }
    return aborted(signal);
  }

  /** What only events tell, or tell seconds earlier: that an image is being pulled, and that it cannot be. */
  async #progress(pod: string, signal: AbortSignal): Promise<void> {
    const look = (event: CoreV1Event): void => {
      const { reason = '', message = '', involvedObject } = event;
      const isOurs = involvedObject.fieldPath?.includes(`{${this.#wanted.container}}`) === true;
      if (isOurs && reason === 'Failed' && message.startsWith('Failed to pull image')) {
        this.#failed.reject(imageFailure(message));
      } else if (isOurs ? PROGRESS.has(reason) : reason === 'TriggeredScaleUp') this.#tell(message);
    };
    await this.#events('Pod', pod, signal, look).catch(() => {
      // Only a comfort: without them the start goes on.
    });
  }

  /** False when events may not be read; else goes on until the signal aborts or `look` throws. */
  async #events(kind: string, name: string, signal: AbortSignal, look: (event: CoreV1Event) => void): Promise<boolean> {
    const path = `/api/v1/namespaces/${this.#wanted.namespace}/events`;
    const query = { fieldSelector: `involvedObject.kind=${kind},involvedObject.name=${name}` };
    try {
      for await (const change of observe<CoreV1Event>(this.#api, { path, query }, signal)) {
        if (change.kind === 'all') change.objects.forEach(look);
        else if (change.kind === 'set') look(change.object);
      }
      return true;
    } catch (error) {
      if (isStatus(error, 403)) return false;
      throw error;
    }
  }

  #verdict(pod: V1Pod, signal: AbortSignal): Promise<LogVerdict> {
    const { namespace, container, refuses } = this.#wanted;
    return awaitListening(this.#api, { namespace, pod: pod.metadata!.name!, container }, refuses, signal);
  }
}

function gone(pod: V1Pod): MirrordError {
  return new MirrordError('agent', 'agent-pod-failed', `Pod ${pod.metadata?.name} was deleted.`, {
    help: 'It was deleted by a user or by a drain of its node. Try again.',
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
