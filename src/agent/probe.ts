/**
 * Is a host there?  Found out without any privilege: a port that accepts or refuses is a sign of life, an ICMP error
 * is a sign of death, and silence is silence.
 */
import { createSocket } from 'node:dgram';
import { connect, isIP } from 'node:net';
import { toErrno } from '../mux/errno.ts';
import type { DialErrno, DialOutcome } from '../mux/flow.ts';
import { PROBE_LIMIT_MS } from './limits.ts';

/** Ports that firewalls most often leave open, or at least answer for. */
const TCP_PORTS = [443, 80, 22, 53];
/** traceroute's first: hardly ever in use, so that a living host answers with port unreachable. */
const UDP_PORT = 33_434;

export function probeHost(host: string, signal: AbortSignal): Promise<DialOutcome> {
  return new Promise((resolve) => {
    const family = isIP(host);
    const sockets = TCP_PORTS.map((port) => connect({ host, port }));
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    const settle = (outcome: DialOutcome): void => {
      clearTimeout(deadline);
      for (const each of sockets) each.destroy();
      socket.removeAllListeners();
      // Errors of a socket that is no longer asked.
      socket.on('error', () => {});
      socket.close();
      settled = true;
      resolve(outcome);
    };
    let settled = false;
    const heard = (errno: DialErrno | null): void => {
      if (settled) return;
      if (errno === null || errno === 'ECONNREFUSED' || errno === 'ECONNRESET') settle({ ok: true });
      else if (errno !== 'EADDRNOTAVAIL' && errno !== 'EACCES') settle({ ok: false, errno });
    };
    const silent = (): void => {
      if (!settled) settle({ ok: false, errno: 'ETIMEDOUT' });
    };
    const deadline = setTimeout(silent, PROBE_LIMIT_MS);
    signal.addEventListener('abort', silent, { once: true });
    for (const each of sockets) {
      each.on('connect', () => heard(null));
      each.on('error', (error) => heard(toErrno(error)));
    }
    socket.on('error', (error) => heard(toErrno(error)));
    socket.on('message', () => heard(null));
    socket.on('connect', () => socket.send(''));
    if (family !== 0) socket.connect(UDP_PORT, host);
  });
}
