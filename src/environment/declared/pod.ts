/**
 * What of a pod declares an environment.  Shapes are the API's (core/v1); the objects of a client library fit as they
 * are, since every field but the names may be missing.
 */
export interface DeclaringPod {
  readonly metadata?: ObjectMetadata | undefined;
  readonly spec?:
    | {
        readonly containers: readonly DeclaringContainer[];
        readonly initContainers?: readonly DeclaringContainer[] | undefined;
        readonly nodeName?: string | undefined;
        readonly serviceAccountName?: string | undefined;
        readonly restartPolicy?: string | undefined;
        readonly schedulerName?: string | undefined;
        readonly enableServiceLinks?: boolean | undefined;
      }
    | undefined;
  readonly status?:
    | {
        readonly phase?: string | undefined;
        readonly podIP?: string | undefined;
        readonly podIPs?: readonly { readonly ip?: string | undefined }[] | undefined;
        readonly hostIP?: string | undefined;
        readonly hostIPs?: readonly { readonly ip?: string | undefined }[] | undefined;
      }
    | undefined;
}

export interface ObjectMetadata {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly labels?: Texts | undefined;
  readonly annotations?: Texts | undefined;
}

export type Texts = Readonly<Record<string, string>>;

export interface DeclaringContainer {
  readonly name: string;
  readonly env?: readonly DeclaredVariable[] | undefined;
  readonly envFrom?: readonly EnvironmentSource[] | undefined;
  readonly resources?: { readonly limits?: Texts | undefined; readonly requests?: Texts | undefined } | undefined;
}

export interface DeclaredVariable {
  readonly name: string;
  readonly value?: string | undefined;
  readonly valueFrom?: ValueSource | undefined;
}

export interface ValueSource {
  readonly fieldRef?: { readonly fieldPath: string } | undefined;
  readonly resourceFieldRef?: ResourceReference | undefined;
  readonly configMapKeyRef?: KeyReference | undefined;
  readonly secretKeyRef?: KeyReference | undefined;
}

export interface ResourceReference {
  readonly resource: string;
  readonly containerName?: string | undefined;
  readonly divisor?: string | undefined;
}

export interface ObjectReference {
  readonly name?: string | undefined;
  readonly optional?: boolean | undefined;
}

export interface KeyReference extends ObjectReference {
  readonly key: string;
}

export interface EnvironmentSource {
  readonly prefix?: string | undefined;
  readonly configMapRef?: ObjectReference | undefined;
  readonly secretRef?: ObjectReference | undefined;
}

export interface LinkedService {
  readonly metadata?: ObjectMetadata | undefined;
  readonly spec?:
    | {
        readonly clusterIP?: string | undefined;
        readonly ports?: readonly LinkedPort[] | undefined;
      }
    | undefined;
}

export interface LinkedPort {
  readonly name?: string | undefined;
  readonly port: number;
  readonly protocol?: string | undefined;
}

/**
 * Reads objects of the pod's namespace.  Null means that there is none; an error, that it could not be read.  Each object
 * is asked for once.
 */
export interface EnvironmentReaders {
  configMap(name: string): Promise<{ readonly data?: Texts | undefined } | null>;
  /** `data` in base64, as the API gives it. */
  secret(name: string): Promise<{ readonly data?: Texts | undefined } | null>;
  /** The namespace's services, and `kubernetes` of the namespace `default`. */
  services(): Promise<readonly LinkedService[]>;
  /** `status.allocatable` of the pod's node: the limit of a container that has none of its own. */
  nodeAllocatable(): Promise<Texts | null>;
}
