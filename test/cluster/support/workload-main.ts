/** Runs in the tests' pods, on the plain Node image: one port per protocol, on every address of the pod. */
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { serve } from '../../../scripts/sandbox/services/protocols.ts';

/** The answer tells who was reached and who seemed to ask. */
createServer((request, response) => {
  response.end(`${hostname()} to ${request.socket.remoteAddress}: ${request.method} ${request.url}\n`);
}).listen(8080, '::');

await serve('tcp-echo', hostname(), '::', 7);
await serve('udp-echo', hostname(), '::', 7);
await serve('digest', hostname(), '::', 9);
await serve('source', hostname(), '::', 19);
