/**
 * The legacy `auth-provider` logins (oidc, gcp, azure), which only `@kubernetes/client-node` still knows.  It is loaded
 * for those who have one, at the price of its memory.
 */
import { MirrordError } from '../../errors.ts';
import { mapping, text } from '../kubeconfig/fields.ts';
import { reasonOf, type Entry, type Fields } from '../kubeconfig/file.ts';
import type { CredentialSource, Identity } from './identity.ts';

/** The library renews by itself; what it gave is used this long before it is asked again. */
const REUSED_MS = 30_000;

export class AuthProvider implements CredentialSource {
  readonly #user: Entry;
  readonly #name: string;
  readonly #config: Fields;
  #held: { identity: Identity; until: number } | null = null;

  constructor(user: Entry) {
    const provider = mapping(user, 'auth-provider')!;
    this.#user = user;
    this.#name = text(user, 'name', provider) ?? '';
    this.#config = mapping(user, 'config', provider) ?? {};
  }

  async get(): Promise<Identity> {
    if (this.#held !== null && performance.now() < this.#held.until) return this.#held.identity;
    const { legacyAuthorization } = await import('./legacy-provider.ts');
    let authorization: string | undefined;
    try {
      authorization = await legacyAuthorization(this.#name, this.#config);
    } catch (error) {
      throw this.#failed(reasonOf(error), error);
    }
    if (authorization === undefined) throw this.#failed('it gave no token');
    const identity = { headers: { authorization } };
    this.#held = { identity, until: performance.now() + REUSED_MS };
    return identity;
  }

  forget(): void {
    this.#held = null;
  }

  #failed(reason: string, cause?: unknown): MirrordError {
    const { file, line, name } = this.#user;
    const message = `kubeconfig ${file}, line ${line}: auth-provider "${this.#name}" of user "${name}" failed: ${reason}`;
    return new MirrordError('cluster', 'auth-provider-failed', message, {
      help: 'Log in again, or move to an exec plugin (kubelogin, gke-gcloud-auth-plugin): Kubernetes has dropped these providers.',
      cause,
    });
  }
}
