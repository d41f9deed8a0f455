/**
 * The configuration in the terms of the parts that work with it.
 */
import { LEAST_WAIT, startableImage } from './agent-schema.ts';
import type { Config } from './load.ts';
import { parseTarget, type Target } from './target.ts';
import { defined } from '../defined.ts';

/** The target of a verified configuration. */
export function targetOf(config: Config): Target {
  const parsed = parseTarget(config.target.path);
  if ('target' in parsed) return parsed.target;
  throw new Error(`the configuration was not verified: ${parsed.reason}`);
}

/** What is needed to find the cluster (`ClusterOptions` of the Kubernetes part). */
export function clusterOptions(config: Config, cwd: string) {
  const { kubeconfig, kube_context: context, accept_invalid_certificates: acceptInvalidCertificates } = config;
  const { namespace } = config.target;
  return {
    cwd,
    useProxy: config.use_proxy,
    ...defined({ kubeconfig, context, namespace, acceptInvalidCertificates }),
  };
}

/** What is needed to start the agent (`AgentOptions` of the Kubernetes part). */
export function agentOptions({ agent }: Config) {
  return {
    image: startableImage(agent.image),
    imagePullPolicy: agent.image_pull_policy,
    imagePullSecrets: agent.image_pull_secrets.map(({ name }) => name),
    labels: agent.labels,
    annotations: agent.annotations,
    tolerations: agent.tolerations,
    nodeSelector: agent.node_selector,
    ttlSeconds: agent.ttl,
    resumeLimitMs: Math.max(LEAST_WAIT, agent.communication_timeout) * 1000,
    startupTimeoutMs: agent.startup_timeout * 1000,
    logLevel: agent.log_level,
    ...defined({
      namespace: agent.namespace,
      resources: agent.resources,
      serviceAccount: agent.service_account,
      priorityClass: agent.priority_class,
      securityContext: agent.security_context,
    }),
  };
}
