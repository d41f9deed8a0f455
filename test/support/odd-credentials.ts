/** What credential plugins print, and whether client-go takes it.  The cluster tier holds kubectl itself against it. */

export const V1 = 'client.authentication.k8s.io/v1';
const BETA = 'client.authentication.k8s.io/v1beta1';
/** Of the API server's stand-in: a pair, whoever it is for. */
export const PAIR = { clientCertificateData: '$CERT', clientKeyData: '$KEY' };

export interface Output {
  readonly what: string;
  /** That the kubeconfig asks for. */
  readonly apiVersion?: string;
  readonly text: string;
  /** The token that it gives, empty with a certificate alone; null when it is refused. */
  readonly token: string | null;
}

const json = (status: unknown, more: object = {}): string =>
  JSON.stringify({ kind: 'ExecCredential', apiVersion: V1, status, ...more });
const HEAD = `kind: ExecCredential\napiVersion: ${V1}\n`;

export const OUTPUTS: readonly Output[] = [
  { what: 'JSON', text: json({ token: 'a' }), token: 'a' },
  { what: 'JSON behind empty lines', text: `\n\n ${json({ token: 'a' })}\n`, token: 'a' },
  {
    what: 'JSON over several lines, with tabs',
    text: JSON.stringify(JSON.parse(json({ token: 'a' })), null, '\t'),
    token: 'a',
  },
  { what: 'YAML', text: `${HEAD}status:\n  token: a\n`, token: 'a' },
  { what: 'YAML with a marker and a comment', text: `--- # here\n${HEAD}status: {token: a}\n...\n`, token: 'a' },
  {
    what: 'YAML that begins with a brace',
    text: `{kind: ExecCredential, apiVersion: ${V1}, status: {token: a}}`,
    token: null,
  },
  { what: 'JSON with something behind it', text: `${json({ token: 'a' })} x`, token: null },
  { what: 'YAML with CRLF', text: `${HEAD}status:\n  token: a\n`.replaceAll('\n', '\r\n'), token: 'a' },
  { what: 'YAML with an anchor', text: `x: &s {token: a}\n${HEAD}status:\n  <<: *s\n`, token: 'a' },
  { what: 'YAML with a folded token', text: `${HEAD}status:\n  token: >-\n    a\n`, token: 'a' },
  { what: 'YAML with a token of digits', text: `${HEAD}status:\n  token: 123\n`, token: null },
  { what: 'YAML with quoted digits', text: `${HEAD}status:\n  token: "123"\n`, token: '123' },
  { what: 'v1beta1', apiVersion: BETA, text: json({ token: 'a' }, { apiVersion: BETA }), token: 'a' },
  {
    what: 'v1beta1 in YAML',
    apiVersion: BETA,
    text: `${HEAD}beta1\nstatus: {token: a}\n`.replace('v1\nbeta1', 'v1beta1'),
    token: 'a',
  },
  { what: 'v1 where v1beta1 was asked for', apiVersion: BETA, text: json({ token: 'a' }), token: null },
  { what: 'v1beta1 where v1 was asked for', text: json({ token: 'a' }, { apiVersion: BETA }), token: null },
  { what: 'no version', text: json({ token: 'a' }, { apiVersion: undefined }), token: null },
  { what: 'no kind', text: json({ token: 'a' }, { kind: undefined }), token: 'a' },
  { what: 'another kind', text: json({ token: 'a' }, { kind: 'Config' }), token: null },
  { what: 'no status', text: json(undefined), token: null },
  { what: 'a status that is null', text: json(null), token: null },
  { what: 'an empty status', text: json({}), token: null },
  {
    what: 'unknown fields',
    text: json({ token: 'a', scope: ['x'] }, { spec: { interactive: false }, more: 1 }),
    token: 'a',
  },
  { what: 'a field in another case', text: json({ Token: 'a' }), token: null },
  { what: 'a token that is null', text: json({ token: null, ...PAIR }), token: '' },
  { what: 'a token that is a number', text: json({ token: 1 }), token: null },
  { what: 'a certificate with its key', text: json(PAIR), token: '' },
  { what: 'a certificate and a token', text: json({ token: 'a', ...PAIR }), token: 'a' },
  { what: 'a certificate without its key', text: json({ token: 'a', clientCertificateData: '$CERT' }), token: null },
  { what: 'a key without its certificate', text: json({ clientKeyData: '$KEY' }), token: null },
  { what: 'an end', text: json({ token: 'a', expirationTimestamp: '2099-01-02T03:04:05Z' }), token: 'a' },
  {
    what: 'an end with an offset',
    text: json({ token: 'a', expirationTimestamp: '2099-01-02T03:04:05+02:00' }),
    token: 'a',
  },
  {
    what: 'an end to the nanosecond',
    text: json({ token: 'a', expirationTimestamp: '2099-01-02T03:04:05.123456789Z' }),
    token: 'a',
  },
  {
    what: 'an end in YAML, unquoted',
    text: `${HEAD}status:\n  token: a\n  expirationTimestamp: 2099-01-02T03:04:05Z\n`,
    token: 'a',
  },
  { what: 'an end that is null', text: json({ token: 'a', expirationTimestamp: null }), token: 'a' },
  { what: 'an end in the past', text: json({ token: 'a', expirationTimestamp: '2020-01-01T00:00:00Z' }), token: 'a' },
  {
    what: 'an end without a zone',
    text: json({ token: 'a', expirationTimestamp: '2099-01-02T03:04:05' }),
    token: null,
  },
  { what: 'an end with a space', text: json({ token: 'a', expirationTimestamp: '2099-01-02 03:04:05Z' }), token: null },
  { what: 'an end that is a date', text: json({ token: 'a', expirationTimestamp: '2099-01-02' }), token: null },
  {
    what: 'an end in the 13th month',
    text: json({ token: 'a', expirationTimestamp: '2099-13-02T03:04:05Z' }),
    token: null,
  },
  {
    what: 'an end on the 31st of February',
    text: json({ token: 'a', expirationTimestamp: '2099-02-31T03:04:05Z' }),
    token: null,
  },
  { what: 'an empty end', text: json({ token: 'a', expirationTimestamp: '' }), token: null },
  { what: 'an end that is a number', text: json({ token: 'a', expirationTimestamp: 4_000_000_000 }), token: null },
  { what: 'nothing', text: '', token: null },
  { what: 'null', text: 'null', token: null },
  { what: 'a list', text: '[]', token: null },
  { what: 'a word', text: 'Password:', token: null },
  { what: 'words in front of JSON', text: `Logging in\n${json({ token: 'a' })}`, token: null },
  { what: 'JSON that is cut', text: json({ token: 'a' }).slice(0, -1), token: null },
  { what: 'two of them', text: `${json({ token: 'a' })}\n${json({ token: 'b' })}`, token: null },
  { what: 'two YAML documents', text: `${HEAD}status: {token: a}\n---\n${HEAD}status: {token: b}\n`, token: 'a' },
];
