/**
 * The targeted agent: an ephemeral container in the target's pod, which shares its network, so that connections come
 * from the pod's own address.
 *
 * Kubernetes cannot take an ephemeral container away again, nor stop it: it ends by itself, when the tunnel says goodbye
 * or no client comes back.  So after an abort its start goes on for a moment, or there would be no agent to tell; one that
 * could not be told is among what remains.  What it leaves in the pod's object stays there, so a pod that
 * carries much already is left alone (pod-size.ts).
 */
import { MirrordError } from '../../errors.ts';
import { lateSignal } from '../../peer/late-signal.ts';
import type { AgentRequest, ClusterAgent } from '../cluster.ts';
import { reasonOf } from '../kubeconfig/file.ts';
import { ApiError, explainAnswer, isRbacRefusal, isStatus } from '../server/api-error.ts';
import type { Api } from '../server/api.ts';
import type { Server } from '../server/server.ts';
import type { ResolvedTarget } from '../targets/target.ts';
import { isAdmissionRefusal, isPodSecurityRefusal, notAdmitted } from './admission.ts';
import { agentDial } from './dial.ts';
import { agentLeaving } from './leaving.ts';
import { agentContainer } from './manifest.ts';
import { randomName } from './names.ts';
import { checkRoom } from './pod-size.ts';
import { awaitAgent } from './start.ts';

const TARGETLESS = 'leave out -t: a targetless agent does not change the target';

export async function startEphemeralAgent(
  api: Api,
  server: Server,
  target: ResolvedTarget,
  request: AgentRequest,
  report: (text: string) => void,
  signal: AbortSignal,
): Promise<ClusterAgent> {
  const { namespace, pod } = target;
  checkRoom(target, TARGETLESS);
  const { role, options, program, remains } = request;
  const name = `mirrord-agent-${randomName()}`;
  const command = program.command(request.publicKey, options.logLevel);
  // Only an agent that reads the target's environment has to see its processes.
  const more = role === 'incoming' ? { name } : { name, targetContainerName: target.container };
  const container = agentContainer({ role, options, command, env: program.env, identity: target.identity }, more);
  const late = lateSignal(signal);
  const what = `The agent ${name} in pod ${namespace}/${pod}`;
  signal.throwIfAborted();
  remains.add(what);
  try {
    await api.patch({
      path: `/api/v1/namespaces/${namespace}/pods/${pod}/ephemeralcontainers`,
      contentType: 'application/strategic-merge-patch+json',
      body: { spec: { ephemeralContainers: [container] } },
      signal: late,
    });
  } catch (error) {
    // The server has said no; without an answer it may be there.
    if (error instanceof ApiError) remains.remove(what);
    throw role === 'incoming' && isPodSecurityRefusal(error) ? notAllowed(error, target) : notAdded(error, target);
  }
  report(`ephemeral container ${name} added to pod/${pod}`);
  const selector = { fieldSelector: `metadata.name=${pod}` };
  const { refuses } = program;
  const expected = { namespace, selector, container: name, refuses, timeoutMs: options.startupTimeoutMs };
  const started = await awaitAgent(api, expected, report, late).catch((error: unknown) => {
    // Of one that failed the error tells what became of it.
    if (late.aborted) remains.add(what, 'it had not started yet');
    else remains.remove(what);
    throw error;
  });
  const place = { namespace, pod, container: name };
  return {
    kind: 'ephemeral',
    name: `pod/${pod}`,
    pod,
    node: started.node,
    image: options.image,
    dial: program.delivering(agentDial(api, server, { ...place, port: started.port })),
    leaving: (until) => agentLeaving(api, place, until),
    stop: async (isOver) => {
      if (isOver) remains.remove(what);
      else remains.add(what, 'it could not be reached');
    },
  };
}

function notAllowed(error: ApiError, { namespace, pod }: ResolvedTarget): MirrordError {
  const text = `incoming traffic of pod ${namespace}/${pod} cannot be taken: its namespace does not allow NET_ADMIN`;
  const label = `pod-security.kubernetes.io/enforce=privileged`;
  return new MirrordError('agent', 'incoming-pod-security', `${text}: ${error.message}`, {
    help: `To allow it: kubectl label namespace ${namespace} ${label} --overwrite. Or leave out --steal.`,
    cause: error,
  });
}

function notAdded(error: unknown, { namespace, pod }: ResolvedTarget): Error {
  const title = `an ephemeral container cannot be added to pod ${namespace}/${pod}`;
  if (isRbacRefusal(error)) {
    return new MirrordError('agent', 'agent-forbidden', `${title}: ${reasonOf(error)}`, {
      help: `pods/ephemeralcontainers needs the verb patch (docs/rbac.yaml, role mirrord-targets); or ${TARGETLESS}.`,
      cause: error,
    });
  }
  if (isStatus(error, 404)) {
    return new MirrordError('agent', 'agent-ephemeral-unsupported', `${title}: ${error.message}`, {
      help: `The pod is gone, or the cluster (older than 1.25) has no ephemeral containers: ${TARGETLESS}.`,
      cause: error,
    });
  }
  // etcd's limit for one object, where a cluster's is smaller than usual (see pod-size.ts).
  if (isStatus(error, 413, 500) && /too large/.test(error.message)) {
    return new MirrordError('agent', 'agent-pod-full', `${title}: its object is too large: ${error.message}`, {
      help: `Delete the pod so that its workload creates a new one, or ${TARGETLESS}.`,
      cause: error,
    });
  }
  if (isAdmissionRefusal(error))
    return notAdmitted(error.message, `an ephemeral container in pod ${namespace}/${pod}`, TARGETLESS);
  return explainAnswer(error, `adding an ephemeral container to pod ${namespace}/${pod}`);
}
