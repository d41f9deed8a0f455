/** `a, b and 3 more`: at most so many, the rest counted. */
export function listed(values: readonly string[], most: number): string {
  const more = values.length - most;
  return `${values.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
