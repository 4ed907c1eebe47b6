// SPDX-License-Identifier: MIT
// Baskets of visitors: /basket?visitor=N.
// --fault churn: builds a history of small objects for each request and keeps the last ones, so
//                that the collector copies and marks all the time. Truth: memory.gc.
// --fault leak:  a session a request, never dropped. Truth: memory.leak.
// --fault delay: answers 50 ms later by a timer. Truth: nothing but the timer.
const http = require('node:http');
const { parseArgs } = require('node:util');

const { fault } = parseArgs({ options: { fault: { type: 'string' } } }).values;
const RECENT = 300;

const sessions = new Map();
const recent = [];
let answered = 0;

function history(visitor) {
  const entries = [];
  for (let i = 0; i < 6000; i++)
    entries.push({ article: { id: i, visitor }, seen: [i, answered], note: null });
  return entries;
}

function remember(visitor) {
  recent[answered % RECENT] = history(visitor);
  return recent[(answered * 7) % RECENT]?.length ?? 0;
}

function sessionOf(visitor) {
  const id = fault === 'leak' ? `${visitor}-${answered}` : visitor;
  let session = sessions.get(id);
  if (!session) {
    session = { id, created: Date.now(), basket: new Array(500).fill(answered) };
    sessions.set(id, session);
  }
  return session;
}

function basket(visitor) {
  const session = sessionOf(visitor);
  answered += 1;
  session.basket[answered % session.basket.length] = answered;
  const seen = fault === 'churn' ? remember(visitor) : 0;
  return { visitor, articles: session.basket.slice(0, 5), seen };
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://sessions');
  const body = JSON.stringify(basket(url.searchParams.get('visitor') ?? '1'));
  const answer = () => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(body);
  };
  if (fault === 'delay')
    setTimeout(answer, 50);
  else
    answer();
});

server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
