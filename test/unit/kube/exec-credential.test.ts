import assert from 'node:assert/strict';
import { readExecCredential } from '../../../src/kube/credentials/exec-credential.ts';
import { YamlFault } from '../../../src/kube/yaml/read.ts';
import { OUTPUTS, V1 } from '../../support/odd-credentials.ts';

const read = (text: string, apiVersion = V1) => readExecCredential(Buffer.from(text), apiVersion);

describe('what credential plugins print', () => {
  for (const { what, apiVersion, text, token } of OUTPUTS) {
    it(`${what} is ${token === null ? 'refused' : 'read'}`, () => {
      if (token === null) assert.throws(() => read(text, apiVersion), YamlFault);
      else assert.equal(read(text, apiVersion).token, token);
    });
  }

  it('says when it ends', () => {
    const status = (end: string): string => `apiVersion: ${V1}\nstatus: {token: a, expirationTimestamp: ${end}}`;
    assert.equal(read(status('2030-01-02T03:04:05+02:00')).expires, Date.UTC(2030, 0, 2, 1, 4, 5));
    assert.equal(read(status('null')).expires, Infinity);
  });
});
