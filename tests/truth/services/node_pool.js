// SPDX-License-Identifier: MIT
// Planted: each request derives a key in libuv's pool of four threads, most of it waiting there.
// Truth: contention.workers, or what the pool computes; from hashPassword, line 7.
const crypto = require('crypto');
const http = require('http');

function hashPassword(password, done) {
  crypto.pbkdf2(password, 'salt', 30000, 32, 'sha256', done);
}

const server = http.createServer((request, response) => {
  hashPassword('secret', (error, key) => {
    const body = error ? String(error) : key.toString('hex');
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
