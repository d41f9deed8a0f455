import { Command, Flags } from '@oclif/core';
import { cidr, configFile, domain, format, portPair, sessionName } from '../flags.ts';
import { formatOf } from '../output-format.ts';
import { toUpOptions } from '../up-options.ts';

const DNS_MODES = ['auto', 'resolved', 'nftables', 'resolv.conf', 'off'] as const;

export class Up extends Command {
  static override summary = "Put this machine inside a Kubernetes cluster's network.";
  static override description =
    'Every program on the machine then reaches services and pods by name and by address, unchanged. ' +
    'Needs root for the TUN interface, routes and DNS; everything that talks to the cluster runs as the user who called sudo. ' +
    'Ctrl-C ends it and puts everything back.';
  static override examples = [
    { description: "The kubeconfig's current context:", command: 'sudo <%= config.bin %> up' },
    {
      description: 'Another context and namespace, in the background:',
      command: 'sudo <%= config.bin %> up --context staging -n shop --detach',
    },
    {
      description: 'A range that discovery cannot see:',
      command: 'sudo <%= config.bin %> up --include-route 10.20.0.0/16',
    },
    {
      description: "Join a workload's pod, with its address:",
      command: 'sudo <%= config.bin %> up -t deployment/payments',
    },
    {
      description: "Take connections to a workload's port 8080 to port 3000 of this machine:",
      command: 'sudo <%= config.bin %> up -t deployment/payments --steal --port 3000:8080',
    },
    {
      description: "With one developer's requests alone:",
      command: "sudo <%= config.bin %> up -t deployment/payments --steal --http-header 'x-user: alice'",
    },
    { description: 'A network namespace of this machine:', command: 'sudo <%= config.bin %> up -t netns/lab' },
  ];
  static override flags = {
    target: Flags.string({
      char: 't',
      helpValue: 'TARGET',
      description:
        'the workload whose network to join: deployment/NAME, pod/NAME, ... (see `mirrord ls`), netns/NAME or process/PID ' +
        '(default: a pod of its own)',
      helpGroup: 'CLUSTER',
    }),
    namespace: Flags.string({
      char: 'n',
      aliases: ['target-namespace'],
      helpValue: 'NAMESPACE',
      description: 'namespace of the target',
      helpGroup: 'CLUSTER',
    }),
    context: Flags.string({
      aliases: ['kube-context'],
      helpValue: 'CONTEXT',
      description: "context (default: the kubeconfig's current one)",
      helpGroup: 'CLUSTER',
    }),
    kubeconfig: Flags.string({
      helpValue: 'PATH',
      description: 'kubeconfig file, or several joined by colons',
      helpGroup: 'CLUSTER',
    }),
    'accept-invalid-certificates': Flags.boolean({
      char: 'c',
      description: "do not verify the API server's certificate",
      helpGroup: 'CLUSTER',
    }),
    'config-file': configFile({ helpGroup: 'CONFIGURATION' }),
    key: Flags.string({
      helpValue: 'KEY',
      description: "value of {{ key }} in the configuration's templates",
      helpGroup: 'CONFIGURATION',
    }),
    'include-route': cidr({ multiple: true, description: 'also send this range to the cluster', helpGroup: 'NETWORK' }),
    'exclude-route': cidr({ multiple: true, description: 'keep this range on the machine', helpGroup: 'NETWORK' }),
    domain: domain({
      multiple: true,
      description: 'the cluster answers for this domain and all names below it, even if it is public',
      helpGroup: 'NETWORK',
    }),
    dns: Flags.option({ options: DNS_MODES })({
      default: 'auto',
      description: "how to take over the machine's DNS",
      helpGroup: 'NETWORK',
    }),
    steal: Flags.boolean({
      description: "connections to the target's ports come to programs on this machine",
      helpGroup: 'INCOMING',
    }),
    port: portPair({
      multiple: true,
      description: 'with --steal: this port of the target (default: those that its container declares)',
      helpGroup: 'INCOMING',
    }),
    'http-header': Flags.string({
      helpValue: 'REGEX',
      description: 'with --steal: only requests with a header `name: value` that matches',
      helpGroup: 'INCOMING',
    }),
    'http-path': Flags.string({
      helpValue: 'REGEX',
      description: 'with --steal: only requests whose path matches',
      helpGroup: 'INCOMING',
    }),
    'http-method': Flags.string({
      helpValue: 'METHOD',
      description: 'with --steal: only requests with this method',
      helpGroup: 'INCOMING',
    }),
    'no-outgoing': Flags.boolean({ description: 'send nothing to the cluster', helpGroup: 'NETWORK' }),
    'no-tcp-outgoing': Flags.boolean({ description: 'send no TCP to the cluster', helpGroup: 'NETWORK' }),
    'no-udp-outgoing': Flags.boolean({ description: 'send no UDP to the cluster', helpGroup: 'NETWORK' }),
    'no-remote-dns': Flags.boolean({ description: "leave the machine's DNS alone", helpGroup: 'NETWORK' }),
    name: sessionName({ default: 'default', description: 'name of the session; several can be up at once' }),
    'dry-run': Flags.boolean({
      description:
        'show what would be routed and resolved, and which rights are missing; changes nothing, needs no root',
    }),
    detach: Flags.boolean({ description: 'continue in the background when ready' }),
    verbose: Flags.boolean({
      char: 'v',
      description: 'show API calls, commands and the output of the parts; log in more detail',
    }),
    ...format,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Up);
    if (flags.target !== undefined && !flags.target.includes('/') && flags.target !== 'targetless') {
      const { kindsOf } = await import('../target-kinds.ts');
      throw await kindsOf(flags.target, { ...flags, configFile: flags['config-file'] });
    }
    const options = toUpOptions(flags);
    if (flags['dry-run']) {
      if (flags.verbose) (await import('../output.ts')).showVerbose();
      const { runDryRun } = await import('../dry-run.ts');
      return runDryRun(options, formatOf(flags));
    }
    const { runUp } = await import('../up.ts');
    await runUp(options, { detach: flags.detach, format: formatOf(flags) });
  }
}
