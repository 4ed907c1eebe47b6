// SPDX-License-Identifier: MIT
// /login?user=NAME&password=TEXT checks a password, /avatar?user=NAME reads a small file; both use
// the four threads of the runtime's pool.
// --fault rounds: each check hashes for tens of milliseconds, so the pool and the CPUs are always taken, and
// /avatar waits behind it. Truth: computing on pool threads.
const crypto = require('node:crypto');
const fs = require('node:fs/promises');
const http = require('node:http');
const { parseArgs } = require('node:util');

const { fault } = parseArgs({ options: { fault: { type: 'string' } } }).values;
const ROUNDS = fault === 'rounds' ? 20000 : 200;
const SALT = Buffer.from('a salt for everybody');

function hashPassword(password) {
  return new Promise((resolve, reject) => {
    crypto.pbkdf2(password, SALT, ROUNDS, 64, 'sha512',
      (error, key) => (error ? reject(error) : resolve(key)));
  });
}

async function login(query) {
  const key = await hashPassword(query.get('password') ?? '');
  return { user: query.get('user'), welcome: key[0] % 2 === 0 };
}

async function avatar(query) {
  const picture = await fs.readFile(__filename);
  return { user: query.get('user'), bytes: picture.length };
}

const routes = { '/login': login, '/avatar': avatar };

const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, 'http://login');
  const route = routes[url.pathname];
  if (!route) {
    response.writeHead(404).end();
    return;
  }
  const body = JSON.stringify(await route(url.searchParams));
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(body);
});

server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
