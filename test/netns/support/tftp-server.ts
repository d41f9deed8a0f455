/**
 * `tftp-server.ts ADDRESS SIZE`: gives SIZE bytes of one pattern to every read request (RFC 1350), each transfer from a
 * port of its own, as every TFTP server does.
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const [, , address = '', size = ''] = process.argv;
const PORT = 69;
const BLOCK = 512;
const OP = { read: 1, data: 3, acknowledgement: 4 };

const type = isIPv6(address) ? 'udp6' : 'udp4';
const file = Buffer.alloc(Number(size), 'tftp ');

createSocket(type)
  .on('message', (request, client) => {
    if (request.readUInt16BE(0) !== OP.read) return;
    const transfer = createSocket(type);
    const send = (block: number): void => {
      const header = Buffer.alloc(4);
      header.writeUInt16BE(OP.data, 0);
      header.writeUInt16BE(block, 2);
      const data = file.subarray((block - 1) * BLOCK, block * BLOCK);
      transfer.send(Buffer.concat([header, data]), client.port, client.address);
    };
    transfer.on('message', (answer) => {
      if (answer.readUInt16BE(0) !== OP.acknowledgement) return;
      const block = answer.readUInt16BE(2);
      if (block * BLOCK > file.length) transfer.close();
      else send(block + 1);
    });
    transfer.bind(0, address, () => send(1));
  })
  .bind(PORT, address, () => console.log('listening'));
