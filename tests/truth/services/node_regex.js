// SPDX-License-Identifier: MIT
// Planted: a pattern that backtracks exponentially on what does not match.
// Truth: cpu.event-loop in validateEmail, line 7.
const http = require('http');

const users = Array.from({ length: 40 }, (_, i) => `aaaaaaaaaaaa${i % 10}aaaaa!`);
function validateEmail(text) {
  return /^([a-z0-9]+)+@([a-z0-9]+\.)+[a-z]+$/.test(text);
}

const server = http.createServer((request, response) => {
  const body = String(users.slice(0, 8).filter(validateEmail).length);
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
