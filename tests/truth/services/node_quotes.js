// SPDX-License-Identifier: MIT
// /price/N asks another service over HTTP/2, as gRPC does: POST /shop.Prices/Quote, all on one connection.
// node_quotes.js --peer PORT; --certificate FILE: by TLS. --serve MS is that other service, which takes so long.
// Truth: io.net.downstream, the peer, when it is slow.
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const { parseArgs } = require('node:util');

const { values: given } = parseArgs({ options: { peer: { type: 'string' }, serve: { type: 'string' },
  key: { type: 'string' }, certificate: { type: 'string' } } });
const listen = (server) =>
  server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));

function quote(stream) {
  stream.resume();
  setTimeout(() => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end('\0\0\0\0\5price');
  }, Number(given.serve));
}

function ask(peer, response) {
  const call = peer.request({ ':method': 'POST', ':path': '/shop.Prices/Quote', 'te': 'trailers' });
  call.on('data', () => {});
  call.on('end', () => response.end('{"price": 17}'));
  call.end('\0\0\0\0\2id');
}

if (given.serve) {
  const server = given.key ? http2.createSecureServer({ key: fs.readFileSync(given.key),
    cert: fs.readFileSync(given.certificate) }) : http2.createServer();
  server.on('stream', quote);
  listen(server);
} else {
  const scheme = given.certificate ? 'https' : 'http';
  const peer = http2.connect(`${scheme}://127.0.0.1:${given.peer}`, { rejectUnauthorized: false });
  peer.on('connect', () => listen(http.createServer((request, response) => ask(peer, response))));
}
