/** Flags that several commands share. */
import { Flags } from '@oclif/core';
import type { PortPair } from '../config/flags.ts';
import { MirrordError } from '../errors.ts';
import { isDomain } from '../filter/index.ts';
import { isSessionName } from '../control/session-folder.ts';
import { parseCidr } from '../net/index.ts';
import { FORMATS } from './output-format.ts';

/** `showVerbose` obeys it. */
export const verbose = Flags.boolean({ char: 'v', description: 'show API calls and commands as they finish' });

/** `formatOf` reads them. */
export const format = {
  output: Flags.option({ options: FORMATS })({
    char: 'o',
    description: 'output format, also of errors (default: table)',
  }),
  json: Flags.boolean({ description: 'the same as -o json', exclusive: ['output'] }),
};

export const allNamespaces = Flags.boolean({
  description: 'include sessions in other network namespaces of this machine',
});

const parseName = async (value: string): Promise<string> => {
  if (isSessionName(value)) return value;
  throw new MirrordError('usage', 'session-name-invalid', `'${value}' is not a valid session name.`, {
    help: 'Use at most 31 lower-case letters, digits and hyphens, starting with a letter or digit.',
  });
};

/** The value may be left out: see `config-file-argument.ts`. */
export const configFile = Flags.custom({
  char: 'f',
  helpValue: '[PATH]',
  description: 'configuration file (- reads standard input; -f alone means .mirrord/mirrord.json)',
});

export const sessionName = Flags.custom({ helpValue: 'NAME', parse: parseName });

export const domain = Flags.custom({
  helpValue: 'DOMAIN',
  multipleNonGreedy: true,
  async parse(value) {
    if (isDomain(value)) return value;
    throw new MirrordError('usage', 'domain-invalid', `'${value}' is not a domain.`, {
      help: 'Write it like prod.example.com; names below it are included, without a wildcard.',
    });
  },
});

/** `8080`, or `3000:8080`: a port of this machine, and the target's. */
export const portPair = Flags.custom<PortPair>({
  helpValue: '[LOCAL:]REMOTE',
  multipleNonGreedy: true,
  async parse(value) {
    const [first = '', second = first, ...more] = value.split(':');
    const [local, remote] = [Number(first), Number(second)];
    if (more.length === 0 && isPort(first, local) && isPort(second, remote)) return { local, remote };
    throw new MirrordError('usage', 'port-invalid', `'${value}' is not a port.`, {
      help: "Write it like 8080, or like 3000:8080 if the port on this machine differs from the target's.",
    });
  },
});

const isPort = (text: string, port: number): boolean => /^[0-9]{1,5}$/.test(text) && port >= 1 && port <= 65_535;

export const cidr = Flags.custom({
  helpValue: 'CIDR',
  multipleNonGreedy: true,
  async parse(value) {
    if (parseCidr(value) !== null) return value;
    throw new MirrordError('usage', 'cidr-invalid', `'${value}' is not an address range.`, {
      help: 'Write it like 10.20.0.0/16 or fd00:20::/64; a single address needs no prefix length.',
    });
  },
});
