/** Each form of an entry, for TCP and UDP: which of two servers with one address and port answers. */
import assert from 'node:assert/strict';
import { useTwoSides, type Protocol } from '../support/two-sides.ts';

/** In the cluster's service range; the developer's side has them too. */
const IN = (n: number): string => `10.96.20.${n}`;
const IN6 = (n: number): string => `fd00:10:96::20${n}`;
/** Outside of the cluster's ranges. */
const OUT = (n: number): string => `192.0.2.${n}`;
const OUT6 = (n: number): string => `2001:db8:5::${n}`;

const range = (make: (n: number) => string): string[] => [1, 2, 3, 4, 5, 6, 7, 8, 9].map(make);
const SUBNETS = ['10.96.21.7', '10.96.22.7', '10.96.23.7', '192.0.3.7'];

interface Expectation {
  readonly host: string;
  readonly port?: number;
  readonly protocols?: readonly Protocol[];
}

/** An entry, what it means, and what it does not. */
interface Row {
  readonly entry: string;
  readonly means: readonly Expectation[];
  readonly not?: readonly Expectation[];
}

const BOTH = ['tcp', 'udp'] as const;

/** The forms that mean hosts; `at` gives addresses, `at6` IPv6 ones. */
function forms(at: (n: number) => string, at6: (n: number) => string): readonly Row[] {
  return [
    { entry: at(1), means: [{ host: at(1) }, { host: at(1), port: 7001 }] },
    { entry: `${at(2)}:7777`, means: [{ host: at(2) }], not: [{ host: at(2), port: 7001 }] },
    {
      entry: `tcp://${at(3)}:7777`,
      means: [{ host: at(3), protocols: ['tcp'] }],
      not: [
        { host: at(3), protocols: ['udp'] },
        { host: at(3), port: 7001 },
      ],
    },
    {
      entry: `UDP://${at(4)}`,
      means: [
        { host: at(4), protocols: ['udp'] },
        { host: at(4), port: 7001, protocols: ['udp'] },
      ],
      not: [{ host: at(4), protocols: ['tcp'] }],
    },
    { entry: `[${at6(1)}]`, means: [{ host: at6(1) }], not: [{ host: at6(2) }] },
    {
      entry: `tcp://[${at6(3)}]:7777`,
      means: [{ host: at6(3), protocols: ['tcp'] }],
      not: [
        { host: at6(3), protocols: ['udp'] },
        { host: at6(3), port: 7001 },
      ],
    },
  ];
}

describe('filter entries, which side answers', () => {
  const held = useTwoSides([...range(IN), ...range(IN6), ...range(OUT), ...range(OUT6), ...SUBNETS]);

  function check(rows: readonly Row[], listed: string, other: string): void {
    for (const { entry, means, not = [] } of rows) {
      const cases = [
        ...means.map((at) => ({ ...at, side: listed })),
        ...not.map((at) => ({ ...at, side: other })),
      ].flatMap(({ host, port = 7777, protocols = BOTH, side }) =>
        protocols.map((protocol) => ({ protocol, host, port, side })),
      );
      it(`${entry}: ${cases.map(({ protocol, host, port, side }) => `${protocol}://${host}:${port} ${side}`).join(', ')}`, async () => {
        const seen = await Promise.all(
          cases.map(async (at) => ({ ...at, side: await held.world.programs.ask(at.protocol, at.host, at.port) })),
        );
        assert.deepEqual(seen, cases);
      });
    }
  }

  describe('local', () => {
    const rows: readonly Row[] = [
      ...forms(IN, IN6),
      { entry: '10.96.21.0/24', means: [{ host: '10.96.21.7' }], not: [{ host: IN(5) }] },
      { entry: '10.96.22.9/24', means: [{ host: '10.96.22.7' }] },
      {
        entry: 'tcp://10.96.23.0/24:7777',
        means: [{ host: '10.96.23.7', protocols: ['tcp'] }],
        not: [{ host: '10.96.23.7', protocols: ['udp'] }],
      },
    ];
    before(() => held.world.up({ outgoing: { filter: { local: rows.map(({ entry }) => entry) } } }));
    check(rows, 'developer', 'cluster');
  });

  describe('remote', () => {
    const rows: readonly Row[] = [
      ...forms(OUT, OUT6),
      { entry: '192.0.3.0/24', means: [{ host: '192.0.3.7' }], not: [{ host: OUT(5) }] },
      // In the cluster's range, and yet not listed.
      { entry: '10.96.21.9/24', means: [{ host: '10.96.21.7' }], not: [{ host: IN(5) }, { host: IN6(5) }] },
    ];
    before(() => held.world.up({ outgoing: { filter: { remote: rows.map(({ entry }) => entry) } } }));
    check(rows, 'cluster', 'developer');
  });

  const wide: readonly { list: 'local' | 'remote'; row: Row }[] = [
    {
      list: 'local',
      row: {
        entry: ':7777',
        means: [{ host: IN(1) }, { host: IN6(1) }],
        not: [
          { host: IN(1), port: 7001 },
          { host: IN6(1), port: 7001 },
        ],
      },
    },
    {
      list: 'local',
      row: {
        entry: 'udp://:7777',
        means: [{ host: IN(1), protocols: ['udp'] }],
        not: [
          { host: IN(1), protocols: ['tcp'] },
          { host: IN(1), port: 7001 },
        ],
      },
    },
    {
      list: 'local',
      row: {
        entry: 'tcp://',
        means: [
          { host: IN(1), protocols: ['tcp'] },
          { host: IN6(1), protocols: ['tcp'] },
        ],
        not: [
          { host: IN(1), protocols: ['udp'] },
          { host: IN6(1), protocols: ['udp'] },
        ],
      },
    },
    { list: 'local', row: { entry: '0.0.0.0', means: [{ host: IN(1) }, { host: IN6(1) }, { host: OUT(1) }] } },
    {
      list: 'remote',
      row: {
        entry: ':7777',
        means: [{ host: OUT(1) }, { host: OUT6(1) }, { host: IN(1) }],
        not: [
          { host: OUT(1), port: 7001 },
          { host: IN(1), port: 7001 },
        ],
      },
    },
    {
      list: 'remote',
      row: {
        entry: 'udp://',
        means: [
          { host: OUT(1), protocols: ['udp'] },
          { host: OUT6(1), protocols: ['udp'] },
        ],
        not: [
          { host: OUT(1), protocols: ['tcp'] },
          { host: IN(1), protocols: ['tcp'] },
        ],
      },
    },
    { list: 'remote', row: { entry: '[::]', means: [{ host: OUT(1) }, { host: OUT6(1) }, { host: IN(1) }] } },
  ];
  for (const { list, row } of wide) {
    describe(`${list} ${row.entry}`, () => {
      before(() => held.world.up({ outgoing: { filter: { [list]: [row.entry] } } }));
      const sides = ['developer', 'cluster'] as const;
      const listed = list === 'local' ? 0 : 1;
      check([row], sides[listed], sides[1 - listed] ?? '');
    });
  }
});
