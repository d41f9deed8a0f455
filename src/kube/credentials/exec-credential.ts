/** What a credential plugin prints, read as client-go reads it (`refreshCredsLocked` of its exec plugin): JSON or YAML. */
import { readYaml, YamlFault } from '../yaml/read.ts';
import { optional, record, shaped, text } from '../yaml/shape.ts';

export interface ExecCredential {
  /** Empty where there is a certificate only. */
  readonly token: string;
  /** PEM, both or neither. */
  readonly certificate: string;
  readonly key: string;
  /** Milliseconds since the epoch; Infinity when no end is named. */
  readonly expires: number;
}

const credential = record({
  kind: text,
  apiVersion: text,
  status: optional(
    record({ token: text, clientCertificateData: text, clientKeyData: text, expirationTimestamp: optional(text) }),
  ),
});
/** RFC 3339, which is all that Go's metav1.Time takes. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/;

/** `apiVersion` is the one that was asked for.  Throws a `YamlFault` for what is not a credential. */
export function readExecCredential(output: Uint8Array, apiVersion: string): ExecCredential {
  if (!isReadable(output)) throw fault('it begins like JSON but is not valid JSON');
  const { kind, apiVersion: given, status } = shaped(credential, readYaml(output));
  if (!['', 'ExecCredential'].includes(kind)) throw fault(`its kind is "${kind}", not ExecCredential`);
  if (given !== apiVersion) throw fault(`its apiVersion is "${given}", but the kubeconfig requires ${apiVersion}`);
  if (status === null) throw fault('it has no status');
  const { clientCertificateData: certificate, clientKeyData: key, expirationTimestamp } = status;
  const token = status.token.trim();
  if (token === '' && certificate === '' && key === '')
    throw fault('it has neither a token nor a certificate with its key');
  if ((certificate === '') !== (key === ''))
    throw fault('it has a certificate without its key, or a key without its certificate');
  return { token, certificate, key, expires: expiry(expirationTimestamp) };
}

/** What begins with a brace goes to the JSON decoder alone (`recognizer` of k8s.io/apimachinery), which is stricter. */
function isReadable(output: Uint8Array): boolean {
  const printed = Buffer.from(output).toString();
  if (!/^\s*\{/.test(printed)) return true;
  try {
    JSON.parse(printed);
    return true;
  } catch {
    return false;
  }
}

function expiry(stamp: string | null): number {
  if (stamp === null) return Infinity;
  const [day] = stamp.split('T');
  // Of a 31st of February `Date` makes the 3rd of March.
  const expires = TIME.test(stamp) && isDay(day) ? Date.parse(stamp) : NaN;
  if (Number.isNaN(expires)) throw fault(`its expirationTimestamp is not a time: ${stamp}`);
  return expires;
}

function isDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

function fault(message: string): YamlFault {
  return new YamlFault(1, message);
}
