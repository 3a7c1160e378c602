// SPDX-License-Identifier: ISC
// A stand-in for egress, as a program: node admin_egress.mjs SOCKET HEX-OF-ANSWER. It answers every connection with these bytes.
import { createServer } from 'node:net';

const [socket, answer] = process.argv.slice(2);
const server = createServer((peer) => {
  peer.on('error', () => {});
  peer.once('data', () => peer.end(Buffer.from(answer, 'hex')));
});
server.listen(socket, () => console.log('ready'));
