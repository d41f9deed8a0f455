/**
 * The targetless agent: a Job with one pod.
 *
 * A Job and not a bare pod, since a Job with a TTL is cleaned away by the cluster itself, whatever becomes of us.  The
 * price is that its pod is made by a controller: a refusal (quota, Pod Security) is not an answer to our request but an
 * event.  Where events may not be read, a rehearsal tells as much: the same pod, created with `dryRun=All`; where that
 * is not allowed either, only the time-out is left, which names the command that tells.
 */
import type { V1Job, V1Pod } from '@kubernetes/client-node';
import type { AgentRequest, ClusterAgent } from '../cluster.ts';
import { isRbacRefusal } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';
import type { Server } from '../server/server.ts';
import { isAdmissionRefusal, notAdmitted } from './admission.ts';
import { agentDial } from './dial.ts';
import { HeldJob } from './held-job.ts';
import { agentLeaving } from './leaving.ts';
import { agentJob, CONTAINER } from './manifest.ts';
import { randomName } from './names.ts';
import { awaitAgent } from './start.ts';

export async function startJobAgent(
  api: Api,
  server: Server,
  namespace: string,
  request: AgentRequest,
  report: (text: string) => void,
  signal: AbortSignal,
): Promise<ClusterAgent> {
  const { role, options, program } = request;
  const name = `mirrord-agent-${randomName()}`;
  const command = program.command(request.publicKey, options.logLevel);
  const job = agentJob(name, request.session, { role, options, command, env: program.env });
  const held = new HeldJob(api, namespace, name, request.remains);
  signal.throwIfAborted();
  try {
    await held.create(job, report);
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
      stop: () => held.remove(),
    };
  } catch (error) {
    await held.remove();
    throw error;
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
