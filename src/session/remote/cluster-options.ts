/** From the configuration's keys to what `src/kube` asks for. */
import type { Config } from '../../config/index.ts';
import type { AgentOptions, ClusterOptions } from '../../kube/cluster.ts';

/** Only the keys whose value is there: absent and undefined are not the same. */
type Present<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

export function clusterOptions(config: Config): Omit<ClusterOptions, 'cwd' | 'signal'> {
  return present({
    kubeconfig: config.kubeconfig,
    context: config.kube_context,
    namespace: config.target.namespace,
    acceptInvalidCertificates: config.accept_invalid_certificates,
    useProxy: config.use_proxy,
  });
}

export function agentOptions({ agent }: Config): AgentOptions {
  return {
    image: agent.image,
    imagePullPolicy: agent.image_pull_policy,
    imagePullSecrets: agent.image_pull_secrets.map(({ name }) => name),
    labels: agent.labels ?? {},
    annotations: agent.annotations ?? {},
    tolerations: agent.tolerations,
    nodeSelector: agent.node_selector ?? {},
    ttlSeconds: agent.ttl,
    startupTimeoutMs: agent.startup_timeout * 1_000,
    logLevel: agent.log_level,
    ...present({
      namespace: agent.namespace,
      resources: agent.resources,
      serviceAccount: agent.service_account,
      priorityClass: agent.priority_class,
      securityContext: agent.security_context,
    }),
  };
}

function present<T extends object>(options: T): Partial<Present<T>> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<Present<T>>;
}
