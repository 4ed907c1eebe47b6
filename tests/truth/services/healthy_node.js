// SPDX-License-Identifier: MIT
// Nothing planted: a small page is filled in and sent, and nothing of it stands out.
const http = require('http');

const items = Array.from({ length: 20 }, (_, i) => ({ id: i, name: `item ${i}`, price: i * 37 % 900 }));

const server = http.createServer((request, response) => {
  const wanted = new URL(request.url, 'http://here').searchParams.get('q') || '';
  const found = items.filter((item) => item.name.includes(wanted));
  const body = JSON.stringify({ found: found.length, items: found.slice(0, 10) });
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
