/**
 * The targetless agent: a Job with one pod.
 *
 * A Job and not a bare pod, since a Job with a TTL is cleaned away by the cluster itself, whatever becomes of us.  The
 * price is that its pod is made by a controller: a refusal (quota, Pod Security) is not an answer to our request but an
 * event.  Where events may not be read, a rehearsal tells as much: the same pod, created with `dryRun=All`; where that
 * is not allowed either, only the time-out is left, which names the command that tells.
 */
import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { MirrordError } from '../../errors.ts';
import type { AgentRequest, ClusterAgent } from '../cluster.ts';
import { reasonOf } from '../kubeconfig/file.ts';
import { explainAnswer, isRbacRefusal } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';
import type { Server } from '../server/server.ts';
import { isAdmissionRefusal, notAdmitted } from './admission.ts';
import { agentDial } from './dial.ts';
import { agentLeaving } from './leaving.ts';
import { agentJob, CONTAINER } from './manifest.ts';
import { randomName } from './names.ts';
import { awaitAgent } from './start.ts';

/** Deleting is one request; a server that takes longer has TTL and the agent's own end to rely on. */
const DELETE_DEADLINE_MS = 5_000;

export async function startJobAgent(
  api: Api,
  server: Server,
  namespace: string,
  request: AgentRequest,
  report: (text: string) => void,
  signal: AbortSignal,
): Promise<ClusterAgent> {
  const { options, program } = request;
  const name = `mirrord-agent-${randomName()}`;
  const command = program.command(request.publicKey, options.logLevel);
  const job = agentJob(name, request.session, { options, command, env: program.env });
  signal.throwIfAborted();
  try {
    await createJob(api, namespace, job, report);
    signal.throwIfAborted();
    report(`job/${name} created`);
    const started = await awaitAgent(
      api,
      {
        namespace,
        selector: { labelSelector: `job-name=${name}` },
        container: CONTAINER,
        refuses: program.refuses,
        timeoutMs: options.startupTimeoutMs,
        job: name,
        rehearse: (until) => rehearsePod(api, namespace, job, until),
      },
      report,
      signal,
    );
    const place = { namespace, pod: started.pod, container: CONTAINER };
    return {
      kind: 'job',
      name: `job/${name}`,
      pod: started.pod,
      node: started.node,
      image: options.image,
      dial: program.delivering(agentDial(api, server, { ...place, port: started.port })),
      leaving: (until) => agentLeaving(api, place, until),
      stop: () => deleteJob(api, namespace, name),
    };
  } catch (error) {
    await deleteJob(api, namespace, name);
    throw error;
  }
}

/**
 * Not under the caller's signal: an aborted request may have been carried out, and what it made could come to be after
 * our delete.  It is bounded by the request's own deadline.
 */
async function createJob(api: Api, namespace: string, job: V1Job, warn: (text: string) => void): Promise<void> {
  try {
    await api.create<V1Job>({
      path: `/apis/batch/v1/namespaces/${namespace}/jobs`,
      body: job,
      signal: new AbortController().signal,
      warn,
    });
  } catch (error) {
    if (isRbacRefusal(error)) {
      throw new MirrordError('agent', 'agent-forbidden', `the agent's Job may not be created: ${reasonOf(error)}`, {
        help: 'Ask for the rights in docs/rbac.yaml, or choose another namespace with -n or agent.namespace.',
        cause: error,
      });
    }
    if (isAdmissionRefusal(error)) throw notAdmitted(error.message, "the agent's Job");
    throw explainAnswer(error, "creating the agent's Job");
  }
}

/** Throws when admission would refuse the Job's pod.  Quiet when we may not even ask. */
async function rehearsePod(api: Api, namespace: string, job: V1Job, signal: AbortSignal): Promise<void> {
  const { metadata, spec } = job.spec!.template;
  const body: V1Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: job.metadata!.name!, labels: metadata!.labels!, annotations: metadata!.annotations! },
    spec: spec!,
  };
  try {
    await api.create({ path: `/api/v1/namespaces/${namespace}/pods`, query: { dryRun: 'All' }, body, signal });
  } catch (error) {
    if (isAdmissionRefusal(error) && !isRbacRefusal(error)) throw notAdmitted(error.message);
  }
}

/** Bounded, and never throws: there is nobody left who could do more about it than the TTL does. */
async function deleteJob(api: Api, namespace: string, name: string): Promise<void> {
  try {
    await api.delete({
      path: `/apis/batch/v1/namespaces/${namespace}/jobs/${name}`,
      body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' },
      signal: new AbortController().signal,
      deadlineMs: DELETE_DEADLINE_MS,
    });
  } catch {
    // Gone already, or the server is away: the agent ends by itself and the TTL removes the Job.
  }
}
