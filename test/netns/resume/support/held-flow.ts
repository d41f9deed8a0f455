/** `held-flow.ts ADDRESS PORT`: opens one flow, prints `open`, holds it, and prints how it ended: an errno, or `end`. */
import { connect } from 'node:net';

const [, , address = '', port = ''] = process.argv;
const socket = connect(Number(port), address, () => console.log('open'));
socket.on('error', (error: NodeJS.ErrnoException) => console.log(error.code));
socket.on('end', () => console.log('end'));
socket.resume();
// Its end is the test's to choose.
setInterval(() => undefined, 60_000);
