// SPDX-License-Identifier: MIT
// Planted: one handler turns a large catalog to JSON anew for each request; another is cheap.
// Truth: cpu.event-loop in serializeCatalog, line 10.
const http = require('http');

const catalog = Array.from({ length: 5000 }, (_, i) => (
  { sku: `A-${i}`, title: `Article ${i}`, price: i * 1.25, tags: ['new', 'sale', `t${i % 31}`] }));
const summary = { articles: catalog.length };

function serializeCatalog(filter) {
  return JSON.stringify({ filter, generated: Date.now(), items: catalog });
}

function answer(response, body) {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

const server = http.createServer((request, response) => {
  if (request.url.startsWith('/summary'))
    answer(response, JSON.stringify(summary));
  else
    answer(response, `{"bytes":${serializeCatalog(request.url).length}}`);
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
