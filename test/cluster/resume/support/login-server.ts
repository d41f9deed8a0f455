/**
 * A login server for credential plugins: `login-server.ts ADDRESS PORT FILE`.  Whoever asks gets the token that FILE has now,
 * as an ExecCredential that must be renewed after 5 s.  Prints `ready`, then a line for each question, and lives until it is
 * killed.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [, , address = '', port = '', file = ''] = process.argv;
/** mirrord renews 30 s before the end. */
const LIFE_MS = 35_000;

createServer((_request, response) => {
  console.log('asked');
  const expirationTimestamp = new Date(Date.now() + LIFE_MS).toISOString();
  const status = { token: readFileSync(file, 'utf8').trim(), expirationTimestamp };
  response.end(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status }));
}).listen(Number(port), address, () => console.log('ready'));
