/** Proxies on loopback that bring everything to one port, whatever they are asked for. */
import http from 'node:http';
import net, { type Server as NetServer, type Socket } from 'node:net';

/** HTTP CONNECT; `asked` gets the destination and the login of each request. */
export function connectProxy(port: number, asked: string[] = []): NetServer {
  const proxy = http.createServer();
  proxy.on('connect', (request, client: Socket) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
    join(client, port, 'HTTP/1.1 200 Connection established\r\n\r\n');
  });
  return proxy;
}

/** RFC 1928: greeting, method, request with a domain name, reply; then bytes.  `asked` gets the name of each request. */
export function socksProxy(port: number, asked: string[] = []): NetServer {
  return net.createServer((client) => {
    client.on('error', () => {});
    client.once('data', () => {
      client.write(Buffer.from([5, 0]));
      client.once('data', (wanted: Buffer) => {
        asked.push(wanted.subarray(5, 5 + wanted[4]).toString());
        join(client, port, Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 1]));
      });
    });
  });
}

function join(client: Socket, port: number, reply: string | Buffer): void {
  const upstream = net.connect(port, '127.0.0.1', () => {
    client.write(reply);
    client.pipe(upstream).pipe(client);
  });
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
}
