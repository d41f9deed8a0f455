/** A header block, decoded. */
export interface Block {
  /** Name, value, name, value... */
  readonly fields: readonly string[];
  /** Places in `fields` of names that no table may ever hold (RFC 7541, section 7.1.3). */
  readonly secrets: ReadonlySet<number>;
}

export const NO_SECRETS: ReadonlySet<number> = new Set();
