/**
 * The legacy `auth-provider` logins (oidc, gcp, azure), which only `@kubernetes/client-node` still knows.  It is loaded
 * for those who have one, at the price of its memory.
 */
import { MirrordError } from '../../errors.ts';
import type { AuthProviderFields } from '../kubeconfig/config.ts';
import { reasonOf, type UserEntry } from '../kubeconfig/file.ts';
import type { CredentialSource, Identity } from './identity.ts';

/** The library renews by itself; what it gave is used this long before it is asked again. */
const REUSED_MS = 30_000;

export class AuthProvider implements CredentialSource {
  readonly #user: UserEntry;
  readonly #name: string;
  readonly #config: Readonly<Record<string, string>>;
  #held: { identity: Identity; until: number } | null = null;
  #asking = 0;

  constructor(user: UserEntry, { name, config }: AuthProviderFields) {
    this.#user = user;
    this.#name = name;
    this.#config = config;
  }

  async get(): Promise<Identity> {
    if (this.#held !== null && performance.now() < this.#held.until) return this.#held.identity;
    const { legacyAuthorization } = await import('./legacy-provider.ts');
    let authorization: string | undefined;
    this.#asking++;
    try {
      authorization = await legacyAuthorization(this.#name, this.#config);
    } catch (error) {
      throw this.#failed(reasonOf(error), error);
    } finally {
      this.#asking--;
    }
    if (authorization === undefined) throw this.#failed('it returned no token');
    const identity = { headers: { authorization } };
    this.#held = { identity, until: performance.now() + REUSED_MS };
    return identity;
  }

  forget(): void {
    this.#held = null;
  }

  get isAsking(): boolean {
    return this.#asking > 0;
  }

  #failed(reason: string, cause?: unknown): MirrordError {
    const { file, line, name } = this.#user;
    const message = `kubeconfig ${file}, line ${line}: auth-provider "${this.#name}" of user "${name}" failed: ${reason}`;
    return new MirrordError('cluster', 'auth-provider-failed', message, {
      help: 'Log in again, or switch to an exec plugin (kubelogin, gke-gcloud-auth-plugin): Kubernetes no longer supports these providers.',
      cause,
    });
  }
}
