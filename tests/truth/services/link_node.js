// SPDX-License-Identifier: MIT
// Requests that ask PostgreSQL through a pool. What was written when for which request goes to the
// file TRUTH when it ends: a line "q" for a question, "r" for a response, id, from, to, thread.
'use strict';
const fs = require('fs'), http = require('http'), net = require('net');
const { Pool } = require('pg');

const pool = new Pool({ host: '127.0.0.1', port: +process.env.PGPORT, user: 'shop', database: 'postgres',
                        password: process.env.PGPASSWORD, max: +process.env.POOL });
const lines = [];
let last = 0;

for (const name of ['_write', '_writev']) {
  const write = net.Socket.prototype[name];
  net.Socket.prototype[name] = function (...words) {
    const text = name === '_write' ? words[0].toString('latin1')
      : words[0].map(c => c.chunk.toString('latin1')).join('');
    const response = text.startsWith('HTTP/'), id = /id=(\d+)/.exec(text);
    const from = process.hrtime.bigint();
    const result = write.apply(this, words);
    if (id)
      lines.push(`${response ? 'r' : 'q'} ${id[1]} ${from} ${process.hrtime.bigint()} ${process.pid}`);
    return result;
  };
}

const nap = ms => new Promise(done => setTimeout(done, ms));
const doze = () => (Math.random() * 0.002).toFixed(4);
const routes = {
  '/one': id => pool.query(`SELECT 'id=${id}' AS one, pg_sleep(${doze()})`),
  '/two': async id => {
    await pool.query(`SELECT 'id=${id}' AS two_first`);
    await pool.query(`SELECT 'id=${id}' AS two_second, pg_sleep(${doze()})`);
  },
  '/all': id => Promise.all(['a', 'b', 'c'].map(
    n => pool.query(`SELECT 'id=${id}' AS all_${n}, pg_sleep(${doze()})`))),
  '/timer': async id => {
    await nap(1 + Math.random() * 5);
    await pool.query(`SELECT 'id=${id}' AS timer`);
  },
  '/transaction': async id => {
    const client = await pool.connect();
    await client.query(`BEGIN /* id=${id} */`);
    await client.query(`SELECT 'id=${id}' AS inside`);
    await client.query(`COMMIT /* id=${id} */`);
    client.release();
  },
};

const server = http.createServer(async (request, response) => {
  const id = ++last;
  await routes[request.url.split('?')[0]](id);
  response.setHeader('X-Id', `id=${id}`);
  response.end('ok\n');
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => {
  fs.writeFileSync(process.env.TRUTH, lines.join('\n') + '\n');
  process.exit(0);
});
