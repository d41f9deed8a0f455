import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { must, run } from '../../../scripts/sandbox/command.ts';
import type { Outcome, Sandbox } from '../../../scripts/sandbox/index.ts';
import { namespaceName } from '../../../scripts/sandbox/leftovers.ts';

/** As a container runtime does: a bridge, a veth into the container, forwarding, and NAT for what leaves the machine. */
export class Container {
  readonly #namespace: string;

  private constructor(sandbox: Sandbox) {
    this.#namespace = namespaceName(sandbox.id, 'container');
  }

  static async start(sandbox: Sandbox): Promise<Container> {
    const container = new Container(sandbox);
    const name = container.#namespace;
    await must('ip', ['netns', 'add', name]);
    const inside = ['--target', String(sandbox.developerPid), '--net'];
    await must('ip', ['-batch', '-'], {
      input: `link add ctr0 type veth peer name ctr-end netns ${name}\nlink set ctr0 netns ${sandbox.developerPid}\n`,
    });
    await must('nsenter', [...inside, 'sh', '-ec', MACHINE]);
    await must('ip', ['-n', name, '-batch', '-'], {
      input: [
        'link set lo up',
        'link set ctr-end up',
        'address add 172.17.0.2/16 dev ctr-end',
        'route add default via 172.17.0.1',
        '',
      ].join('\n'),
    });
    return container;
  }

  run(file: string, ...args: string[]): Promise<Outcome> {
    return run('nsenter', [`--net=/run/netns/${this.#namespace}`, file, ...args]);
  }

  /** A name server that asks another one, as Pi-hole does; resolves when it listens. */
  async relay(upstream: string): Promise<void> {
    const server = join(import.meta.dirname, 'dns-server.ts');
    const inside = ['nsenter', `--net=/run/netns/${this.#namespace}`];
    const answering = [process.execPath, server, '172.17.0.2', '53', '', '0', upstream];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...inside, ...answering]);
    await once(child.stdout, 'data');
    child.stdout.resume();
  }

  /** The answer to a name's A question, asked as the container's resolver would. */
  async ask(name: string, server: string, ...more: string[]): Promise<string> {
    const { stdout } = await this.run('dig', '+short', '+timeout=2', '+tries=1', `@${server}`, name, ...more);
    return stdout.trim();
  }
}

const MACHINE = `
  ip link add docker0 type bridge
  ip link set docker0 addrgenmode none up
  ip link set ctr0 master docker0 addrgenmode none up
  ip address add 172.17.0.1/16 dev docker0
  echo 1 >/proc/sys/net/ipv4/ip_forward
  nft -f - <<END
table ip docker {
  chain post { type nat hook postrouting priority srcnat; ip saddr 172.17.0.0/16 oifname != "docker0" masquerade; }
  chain forward { type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "docker0" accept
  }
}
END
`;
