// SPDX-License-Identifier: MIT
// A catalogue in memory: /products?page=N, /search?q=TEXT, /report.
// --fault copy:    each list copies the whole catalogue through JSON. Truth: copyCatalogue.
// --fault pattern: a check of the search text backtracks. Truth: isSearchText.
// --fault report:  /report computes for tens of milliseconds; /products waits meanwhile.
//                  Truth: rankSuppliers, which only /report calls.
const http = require('node:http');
const { parseArgs } = require('node:util');

const { fault } = parseArgs({ options: { fault: { type: 'string' } } }).values;
const PAGE = 20;
const WORDS = ['lamp', 'chair', 'table', 'clock', 'shelf', 'mirror', 'carpet', 'kettle'];

const products = Array.from({ length: 4000 }, (_, i) => ({
  id: i,
  name: `${WORDS[i % WORDS.length]} ${i}`,
  supplier: `supplier ${i % 97}`,
  tags: [WORDS[(i * 7) % WORDS.length], WORDS[(i * 3) % WORDS.length]],
  price: (i * 37) % 5000 + 99,
}));

function copyCatalogue() {
  return JSON.parse(JSON.stringify(products));
}

function listProducts(query) {
  const all = fault === 'copy' ? copyCatalogue() : products;
  const page = Number(query.get('page') ?? 0);
  return all.slice(page * PAGE, (page + 1) * PAGE);
}

function isSearchText(text) {
  const pattern = fault === 'pattern' ? /^(\w+\s?)*$/ : /^[\w\s]*$/;
  return pattern.test(text);
}

function search(query) {
  const text = query.get('q') ?? '';
  if (!isSearchText(text))
    return { error: 'letters and digits only' };
  return products.filter((p) => p.name.startsWith(text)).slice(0, PAGE);
}

function rankSuppliers(rows) {
  const scores = {};
  for (const a of rows) {
    let score = 0;
    for (const b of rows)
      if (a.supplier === b.supplier && a.price < b.price)
        score += 1;
    scores[a.supplier] = (scores[a.supplier] ?? 0) + score;
  }
  return scores;
}

function report() {
  const scores = rankSuppliers(fault === 'report' ? products.slice(0, 1800) : products.slice(0, 60));
  return Object.entries(scores).sort((a, b) => b[1] - a[1]).slice(0, 10);
}

const routes = { '/products': listProducts, '/search': search, '/report': report };

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://catalogue');
  const route = routes[url.pathname];
  if (!route) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(route(url.searchParams)));
});

server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
