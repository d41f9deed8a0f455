import assert from 'node:assert/strict';
import type { V1Service, V1ServicePort } from '@kubernetes/client-node';
import { chooseService } from '../../../src/kube/discovery/example-service.ts';

const service = (name: string, ...ports: V1ServicePort[]): V1Service => ({ metadata: { name }, spec: { ports } });

describe('the service that is offered to be tried', () => {
  it('speaks HTTP, where one does: by its port’s word, else by custom', () => {
    const database = service('a-db', { port: 5432 });
    assert.deepEqual(chooseService([database, service('web', { port: 8080 })]), {
      name: 'web',
      port: 8080,
      isWeb: true,
    });
    assert.deepEqual(chooseService([database, service('web', { port: 7, name: 'http-api' })]), {
      name: 'web',
      port: 7,
      isWeb: true,
    });
    assert.deepEqual(
      chooseService([database, service('web', { port: 7, appProtocol: 'kubernetes.io/h2c' })])?.isWeb,
      true,
    );
    assert.deepEqual(chooseService([database]), { name: 'a-db', port: 5432, isWeb: false });
  });

  it('does not take TLS, gRPC or bare TCP for HTTP', () => {
    for (const name of ['https', 'grpc', 'tcp-proxy', 'tls']) {
      assert.equal(chooseService([service('x', { port: 8080, name })])?.isWeb, false, name);
    }
  });

  it('is the first by name, and the port of it that speaks HTTP', () => {
    const ports = [{ port: 9, name: 'metrics-x' }, { port: 80 }];
    assert.deepEqual(chooseService([service('b', { port: 80 }), service('a', ...ports)]), {
      name: 'a',
      port: 80,
      isWeb: true,
    });
  });

  it('is not the API server, a name for another host, UDP, or without a port', () => {
    assert.equal(chooseService([service('kubernetes', { port: 443 })]), null);
    assert.equal(
      chooseService([{ metadata: { name: 'x' }, spec: { type: 'ExternalName', ports: [{ port: 80 }] } }]),
      null,
    );
    assert.equal(chooseService([service('dns', { port: 53, protocol: 'UDP' }), service('none')]), null);
  });
});
