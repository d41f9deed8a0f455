import assert from 'node:assert/strict';
import fc from 'fast-check';
import { REMOVED, redact } from '../../../src/cli/redact.ts';

describe('a report', () => {
  const SECRET = 'hunter2S3cr3t';
  const leaks = [
    `https://dev:${SECRET}@proxy.example:3128 refuses`,
    `postgres://app:${SECRET}@db:5432/shop`,
    `Authorization: Bearer ${SECRET}`,
    `authorization: Basic ${SECRET}==`,
    `{"token":"${SECRET}","user":"x"}`,
    `password=${SECRET} host=db`,
    `client-key-data: ${SECRET}`,
    `AWS_SECRET_ACCESS_KEY=${SECRET}`,
    `the plugin said: --token ${SECRET}`,
    `api_key: '${SECRET}'`,
    `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY-----`,
    `-----BEGIN PRIVATE KEY-----\\n${SECRET}\\n-----END PRIVATE KEY-----`,
    `eyJhbGciOiJSUzI1NiJ9.${SECRET}.${SECRET}`,
  ];
  for (const leak of leaks) {
    it(`has not the secret of ${leak.replaceAll(SECRET, '…').split('\n', 1)[0]}`, () => {
      const text = redact(`before\n${leak}\nafter`);
      assert.ok(!text.includes(SECRET), text);
      assert.ok(text.includes(REMOVED) && text.startsWith('before\n') && text.endsWith('\nafter'), text);
    });
  }

  it('leaves what is none', () => {
    const text = [
      '✔ API server: https://192.0.2.1:6443 answers (v1.34.4)',
      '✔ may create pods/portforward in namespace default',
      '2026-01-02 20:33:40.123 info  ready routes=["10.96.0.0/16"]',
      'the token of the credential plugin has expired',
      'a secret could not be read',
    ].join('\n');
    assert.equal(redact(text), text);
  });

  it('takes the time that the text’s length asks for', () => {
    const start = performance.now();
    for (const part of ['a'.repeat(100_000), '://'.repeat(40_000), 'token '.repeat(30_000), 'eyJ'.repeat(40_000)])
      redact(part);
    assert.ok(performance.now() - start < 2_000, `${performance.now() - start} ms`);
    fc.assert(fc.property(fc.string(), (any) => typeof redact(any) === 'string'));
  });
});
