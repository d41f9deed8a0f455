import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { agentLeaving } from '../../../src/kube/agent/leaving.ts';
import { Source } from '../../../src/kube/discovery/source.ts';
import { Api } from '../../../src/kube/server/api.ts';
import { observe, type Change } from '../../../src/kube/server/observe.ts';
import { Server } from '../../../src/kube/server/server.ts';
import { CERT, FakeServer, json, status } from './support/fake-server.ts';

interface Thing {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string };
}

const PATH = '/api/v1/things';
const thing = (name: string, resourceVersion: string): Thing => ({ metadata: { name, resourceVersion } });

describe('watching a collection', function () {
  this.timeout(20_000);
  let fake: FakeServer;
  let api: Api;
  let stop: AbortController;
  /** What the server does with the n-th watch. */
  let watches: ((response: ServerResponse) => void)[];
  let lists: string[][];
  const versions: (string | null)[] = [];

  beforeEach(async () => {
    fake = await FakeServer.start();
    stop = new AbortController();
    watches = [];
    lists = [['a']];
    versions.length = 0;
    const credentials = {
      current: async () => ({ headers: {} }),
      refused: () => false,
      anonymous: false,
      isAsking: false,
    };
    const endpoint = { host: '127.0.0.1', port: fake.port, secure: true, path: '', url: 'https://fake' };
    api = new Api(new Server(endpoint, null, { ca: CERT, verify: true }, credentials));
    fake.answers.set(PATH, (request, response) => {
      const query = new URL(request.url!, 'https://x').searchParams;
      response.writeHead(200, { 'content-type': 'application/json' });
      if (query.get('watch') === null) {
        const names = lists.length > 1 ? lists.shift()! : lists[0];
        const items = names.map((name) => thing(name, '1'));
        response.end(JSON.stringify({ metadata: { resourceVersion: '10' }, items }));
        return;
      }
      versions.push(query.get('resourceVersion'));
      response.flushHeaders();
      watches.shift()?.(response);
    });
  });
  afterEach(async () => {
    stop.abort();
    api.close();
    await fake.stop();
  });

  const event = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
  async function take(count: number): Promise<string[]> {
    const seen: string[] = [];
    const told = (change: Change<Thing>): string =>
      change.kind === 'all'
        ? `all ${change.objects.map((object) => object.metadata.name).join(',')}`
        : `${change.kind} ${change.object.metadata.name}`;
    for await (const change of observe<Thing>(api, { path: PATH }, stop.signal)) {
      seen.push(told(change));
      if (seen.length === count) break;
    }
    return seen;
  }

  it('gives the list, then each change', async () => {
    watches.push((response) => {
      response.write(event('ADDED', thing('b', '11')) + event('BOOKMARK', { metadata: { resourceVersion: '15' } }));
      response.write(event('DELETED', thing('a', '16')));
    });
    assert.deepEqual(await take(3), ['all a', 'set b', 'gone a']);
  });

  it('takes up an ended watch where it was', async () => {
    watches.push((response) => response.end(event('MODIFIED', thing('a', '12'))));
    watches.push((response) => response.write(event('ADDED', thing('b', '13'))));
    assert.deepEqual(await take(3), ['all a', 'set a', 'set b']);
    assert.deepEqual(versions, ['10', '12']);
  });

  it('reads the list anew when the version is too old, in either form of saying so', async () => {
    lists = [['a'], ['a', 'b'], ['c']];
    watches.push((response) => response.write(event('ERROR', { code: 410, message: 'too old resource version' })));
    watches.push((response) => {
      response.end();
      const answer = fake.answers.get(PATH)!;
      fake.answers.set(PATH, (request, next) => {
        fake.answers.set(PATH, answer);
        status(410, 'too old resource version')(request, next);
      });
    });
    watches.push(() => {});
    assert.deepEqual(await take(3), ['all a', 'all a,b', 'all c']);
  });

  it('goes on after the connection was cut', async () => {
    lists = [['a'], ['a', 'b']];
    watches.push((response) => response.destroy());
    watches.push(() => {});
    assert.deepEqual(await take(2), ['all a', 'all a,b']);
  });

  it('passes on that the first list is refused', async () => {
    fake.answers.set(PATH, status(403, 'no'));
    await assert.rejects(take(1), { status: 403 });
  });

  it('cuts no character that comes in two pieces', async () => {
    const bytes = Buffer.from(event('ADDED', thing('größe', '11')));
    const cut = bytes.indexOf(0xc3) + 1;
    watches.push((response) => {
      response.write(bytes.subarray(0, cut));
      setImmediate(() => response.write(bytes.subarray(cut)));
    });
    assert.deepEqual(await take(2), ['all a', 'set größe']);
  });

  it('is waited for, as a source of discovery, while the server is away', async () => {
    const source = new Source<Thing>(api, {
      collection: { path: PATH },
      facts: (object) => ({ values: [object.metadata.name], nodes: [] }),
    });
    const answer = fake.answers.get(PATH)!;
    fake.answers.set(PATH, (request, response) => {
      fake.answers.set(PATH, answer);
      status(500, 'etcd is away')(request, response);
    });
    watches.push(() => {});
    await new Promise<void>((resolve) => void source.follow(resolve, stop.signal));
    assert.deepEqual(source.values(), ['a']);
  });

  it('is gone on with, for an agent’s pod, when the server was away at first', async () => {
    const pods = '/api/v1/namespaces/shop/pods';
    fake.answers.set(pods, (request, response) => {
      fake.answers.set(pods, json({ metadata: { resourceVersion: '10' }, items: [] }));
      status(500, 'etcd is away')(request, response);
    });
    const place = { namespace: 'shop', pod: 'agent-1', container: 'agent' };
    assert.equal(await agentLeaving(api, place, stop.signal), 'pod agent-1 is gone');
    fake.answers.set(pods, status(403, 'no'));
    await assert.rejects(agentLeaving(api, place, stop.signal), { status: 403 });
  });

  it('ends quietly when aborted', async () => {
    watches.push(() => setImmediate(() => stop.abort()));
    assert.deepEqual(await take(5), ['all a']);
  });
});
