// SPDX-License-Identifier: MIT
// Planted: each request computes for some 15 ms on the only thread there is.
// Truth: cpu.event-loop.
const http = require('http');

const orders = Array.from({ length: 8000 }, (_, i) => (
  { id: i, name: `order ${i}`, tags: ['a', 'b', String(i % 17)], total: i * 1.25 }));

function renderReport() {
  const text = JSON.stringify(orders);
  const again = JSON.parse(text).filter((o) => /order \d*7$/.test(o.name));
  return JSON.stringify({ count: again.length });
}

const server = http.createServer((request, response) => {
  const body = renderReport();
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
