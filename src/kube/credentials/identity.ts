export interface Identity {
  /** `authorization` and the impersonation headers. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** PEM, both or neither. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

/** What gives token or certificate, when it is not written in the file. */
export interface CredentialSource {
  get(signal: AbortSignal): Promise<Identity>;
  forget(): void;
  /** What it asks (a plugin, a login server) has not answered yet. */
  readonly isAsking: boolean;
}
