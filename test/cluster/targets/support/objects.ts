/** Objects that can be targets: small, quick to start, quick to end. */

export const BUSYBOX = 'docker.io/library/busybox:1';

export interface PodOptions {
  readonly containers?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** Over the fields of the first container. */
  readonly container?: object;
  /** Over the fields of the pod's spec. */
  readonly spec?: object;
}

export interface WorkloadOptions extends PodOptions {
  readonly workload?: object;
}

export function container(name: string, more: object = {}): object {
  return {
    name,
    image: BUSYBOX,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-c', 'trap exit TERM; sleep 100000 & wait'],
    ...more,
  };
}

function podSpec({ containers = ['app'], container: first = {}, spec = {} }: PodOptions): object {
  return {
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    containers: containers.map((name, index) => container(name, index === 0 ? first : {})),
    ...spec,
  };
}

export function pod(name: string, options: PodOptions = {}): object {
  const { annotations = {} } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name }, annotations },
    spec: podSpec(options),
  };
}

/** Its pods have the label `app=NAME`. */
export function workload(kind: string, name: string, options: WorkloadOptions = {}): object {
  const job = kind === 'Job';
  return {
    apiVersion: job ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name },
    spec: {
      ...(job ? {} : { selector: { matchLabels: { app: name } } }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      template: {
        metadata: { labels: { app: name }, annotations: options.annotations ?? {} },
        spec: { ...podSpec(options), ...(job ? { restartPolicy: 'Never' } : {}) },
      },
      ...options.workload,
    },
  };
}

export function service(name: string, app: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app }, ports: [{ port: 80 }] },
  };
}
