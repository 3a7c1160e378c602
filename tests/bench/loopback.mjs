// SPDX-License-Identifier: ISC
// Preloaded into a peer that would listen on every address: it listens on loopback only.
import net from 'node:net';

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function onLoopback(...words) {
  if (typeof words[0] === 'object' && words[0] !== null && !words[0].path && !words[0].fd) words[0] = { ...words[0], host: '127.0.0.1' };
  else if (typeof words[0] === 'number') words.splice(1, typeof words[1] === 'string' ? 1 : 0, '127.0.0.1');
  return listen.apply(this, words);
};
