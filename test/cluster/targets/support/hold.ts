/** Connects to HOST PORT, says `open` when an echo has come back, and how the connection ended. */
import { connect } from 'node:net';

const [host = '', port = ''] = process.argv.slice(2);
const socket = connect(Number(port), host, () => socket.write('?'));
socket.once('data', () => console.log('open'));
socket.on('end', () => console.log('end'));
socket.on('error', (error: NodeJS.ErrnoException) => console.log(error.code));
