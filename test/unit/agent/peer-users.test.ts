import assert from 'node:assert/strict';
import { endianness } from 'node:os';
import { readUsers, tableForm } from '../../../src/agent/peer-users.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:4E20 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65534        0 2050 1 0000000000000000 100 0 0 10 0
   1: 0100007F:9C40 0100007F:4E20 01 00000000:00000000 00:00000000 00000000  1000        0 2051 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:4E20 0100007F:9C40 01 00000000:00000000 00:00000000 00000000 65534        0 2052 1 0000000000000000 20 4 30 10 -1
  12: 0100007F:9C42 0100007F:4E20 01 00000000:00000000 00:00000000 00000000     0        0 2053 1 0000000000000000 20 4 30 10 -1
`;

describe("the kernel's table of sockets", () => {
  it('tells whose each end is', () => {
    const users = readUsers(TABLE);
    assert.equal(users.get('0100007F:9C40 0100007F:4E20'), 'uid 1000');
    assert.equal(users.get('0100007F:4E20 0100007F:9C40'), 'uid 65534');
    assert.equal(users.get('0100007F:9C42 0100007F:4E20'), 'uid 0');
  });

  it('is empty where it is nothing of the kind', () => {
    for (const text of ['', 'one line', 'a\nb c d\n\n']) assert.equal(readUsers(text).size, 0);
  });

  it("has addresses as numbers of the machine's byte order", () => {
    assert.equal(tableForm('127.0.0.1', 80), endianness() === 'LE' ? '0100007F:0050' : '7F000001:0050');
  });
});
