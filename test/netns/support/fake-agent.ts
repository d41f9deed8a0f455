/** Stands in for the agent: listens where it is told, and answers each connection with what it sees around itself. */
import { readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';

const { MIRRORD_LISTEN = '', MIRRORD_PUBLIC_KEY, MIRRORD_RESOLV_CONF, HOME, FAKE_AGENT } = process.env;
if (FAKE_AGENT === 'fail') {
  console.error('no such luck');
  process.exit(3);
}
if (FAKE_AGENT === 'slow') await new Promise((resolve) => process.stdin.resume().once('end', resolve));
const status = readFileSync('/proc/self/status', 'utf8');
const seen = {
  uid: /^Uid:\t(\d+)/m.exec(status)?.[1],
  capabilities: /^CapEff:\t(\w+)/m.exec(status)?.[1],
  namespace: readlinkSync('/proc/self/ns/net'),
  key: MIRRORD_PUBLIC_KEY,
  resolvConf: MIRRORD_RESOLV_CONF,
  home: HOME,
};
createServer((socket) => socket.end(JSON.stringify(seen))).listen(MIRRORD_LISTEN.replace('unix:', ''), () => {
  console.log(JSON.stringify({ event: 'listening' }));
});
process.stdin.resume().on('end', () => process.exit(0));
