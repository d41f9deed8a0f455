import { duplexPair } from 'node:stream';
import { readPublicKey } from '../../../src/connection/key.ts';
import { agentServices } from '../../../src/peer/agent-services.ts';
import { TunnelServer } from '../../../src/peer/server.ts';
import type { TunnelService } from '../../../src/peer/service.ts';
import type { AgentStarter } from '../../../src/session/agents/starter.ts';

export const INFO = {
  version: '',
  node: '',
  hostname: 'pod',
  addresses: [],
  resolvConf: '',
  hosts: '',
  serviceHost: null,
  ipv6: false,
};
export const SERVICE: TunnelService = {
  tcp: (flow) => flow.refuse('ECONNREFUSED'),
  udp: (flow) => flow.refuse('ECONNREFUSED'),
  resolve: () => Promise.reject(new Error('no name server')),
  probe: () => Promise.resolve({ ok: true }),
  info: () => INFO,
  environment: () => Promise.resolve({ missing: 'unfound' }),
};

/** Agents in this process.  While `away` is set none can be started. */
export class Agents implements AgentStarter {
  away: Error | null = null;
  readonly keys: string[] = [];
  readonly started: TunnelServer[] = [];
  /** Tells of each that it goes. */
  readonly leaves: ((reason: string) => void)[] = [];
  stopped = 0;
  readonly #name: string;

  constructor(name = 'agent') {
    this.#name = name;
  }

  start: AgentStarter['start'] = async (publicKey) => {
    if (this.away !== null) throw this.away;
    const server = new TunnelServer({ publicKey: readPublicKey(publicKey) }, agentServices(SERVICE), {
      connected() {},
      note() {},
    });
    this.keys.push(publicKey);
    this.started.push(server);
    return {
      kind: 'job',
      name: `${this.#name} ${this.started.length}`,
      node: '',
      image: '',
      dial: async () => {
        const [near, far] = duplexPair();
        server.accept(far);
        return near;
      },
      leaving: () => new Promise((resolve) => this.leaves.push(resolve)),
      stop: async () => void this.stopped++,
    };
  };
}
