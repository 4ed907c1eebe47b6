// SPDX-License-Identifier: MIT
// Orders in PostgreSQL, whose address is in DATABASE_URL: /orders?customer=N, /quote?article=N,
// /feed.
// --fault pool:       two connections for all requests of /quote. Truth: contention.pool.
// --fault ranking:    four connections, but rankOrders keeps the loop busy. Truth: rankOrders.
// --fault n-plus-one: an article a statement. Truth: io.db.n-plus-one, articles.
// --fault connect:    a connection a request. Truth: io.net.connect.
// --fault wide:       /feed reads whole articles and shows their titles. Truth: io.db.over-fetch.
const http = require('node:http');
const { parseArgs } = require('node:util');
const { Client, Pool } = require('pg');

const { fault } = parseArgs({ options: { fault: { type: 'string' } } }).values;
const connectionString = process.env.DATABASE_URL;
const CONNECTIONS = { pool: 2, ranking: 4 };
const pool = new Pool({ connectionString, max: CONNECTIONS[fault] ?? 16 });

async function query(text, values) {
  if (fault !== 'connect')
    return (await pool.query(text, values)).rows;
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

async function articlesOf(orders) {
  if (fault !== 'n-plus-one')
    return query('SELECT id, title, price FROM articles WHERE id = ANY($1)',
      [orders.map((o) => o.article)]);
  const articles = [];
  for (const order of orders)
    articles.push(...await query('SELECT id, title, price FROM articles WHERE id = $1',
      [order.article]));
  return articles;
}

function rankOrders(orders) {
  let rank = 0;
  for (let turn = 0; turn < 1200; turn++)
    for (const order of orders)
      rank = (rank * 31 + order.id * turn + order.article) % 1000003;
  return rank;
}

async function listOrders(parameters) {
  const orders = await query('SELECT id, article, quantity FROM orders WHERE customer = $1 LIMIT 30',
    [Number(parameters.get('customer') ?? 1)]);
  if (fault === 'ranking')
    return { orders, rank: rankOrders(orders) };
  const articles = new Map((await articlesOf(orders)).map((a) => [a.id, a]));
  return orders.map((o) => ({ ...o, ...articles.get(o.article) }));
}

async function quote(parameters) {
  return query('SELECT price_of($1) AS price', [Number(parameters.get('article') ?? 1)]);
}

async function feed() {
  const columns = fault === 'wide' ? '*' : 'id, title';
  const articles = await query(`SELECT ${columns} FROM articles ORDER BY id DESC LIMIT 50`);
  return articles.map((a) => ({ id: a.id, title: a.title }));
}

const routes = { '/orders': listOrders, '/quote': quote, '/feed': feed };

const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, 'http://orders');
  const route = routes[url.pathname];
  try {
    const body = JSON.stringify(await route(url.searchParams));
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(body);
  } catch (error) {
    response.writeHead(500).end(error.message);
  }
});

server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
