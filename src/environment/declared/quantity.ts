/**
 * Resource quantities (`500m`, `1.5Gi`, `2e3`), exactly.
 *
 * Grammar: k8s.io/apimachinery, pkg/api/resource/quantity.go.
 */
export interface Quantity {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const GRAMMAR = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3})|([num]|[kMGTPE]i?|Ki)?)$/;
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };

/** Null for what is not a quantity. */
export function parseQuantity(text: string): Quantity | null {
  const match = GRAMMAR.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = match;
  const digits = whole + fraction;
  if (digits === '') return null;
  const power = (exponent === undefined ? (DECIMAL[suffix] ?? 0) : Number(exponent)) - fraction.length;
  const scaled = (BigInt(digits) * (sign === '-' ? -1n : 1n)) << (BINARY[suffix] ?? 0n);
  return power < 0
    ? { numerator: scaled, denominator: 10n ** BigInt(-power) }
    : { numerator: scaled * 10n ** BigInt(power), denominator: 1n };
}

/** Rounded up, as the downward API does.  A divisor of zero counts as 1: it is what an unset one looks like. */
export function divideUp(value: Quantity, divisor: Quantity): bigint {
  const by = divisor.numerator === 0n ? { numerator: 1n, denominator: 1n } : divisor;
  const numerator = value.numerator * by.denominator;
  const denominator = value.denominator * by.numerator;
  const quotient = numerator / denominator;
  return numerator > 0n && numerator % denominator !== 0n ? quotient + 1n : quotient;
}
