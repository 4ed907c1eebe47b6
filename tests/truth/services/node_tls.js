// SPDX-License-Identifier: MIT
// /report?month=7 over TLS, by HTTP/1.1 or with --http2 by HTTP/2; --key and --certificate name its files.
// --fault report: each answer sums the ledger anew, on the only thread there is.
// Truth: the loop is blocked by computation, sumLedger.
const fs = require('node:fs');
const http2 = require('node:http2');
const https = require('node:https');
const { parseArgs } = require('node:util');

const { values: given } = parseArgs({ options: { fault: { type: 'string' }, http2: { type: 'boolean' },
  key: { type: 'string' }, certificate: { type: 'string' } } });
const secrets = { key: fs.readFileSync(given.key), cert: fs.readFileSync(given.certificate) };
const ledger = Array.from({ length: 60000 }, (_, i) => ({ month: i % 12, cents: (i * 7919) % 100003 }));

function sumLedger(month) {
  let sum = 0;
  for (let round = 0; round < 8; round++)
    for (const entry of ledger)
      if (entry.month === month)
        sum = (sum * 31 + entry.cents) % 1000000007;
  return sum;
}

const known = Array.from({ length: 12 }, (_, month) => sumLedger(month));

function answer(request, response) {
  const month = Number(new URL(request.url, 'https://ledger').searchParams.get('month') ?? 0) % 12;
  const body = JSON.stringify({ month, sum: given.fault === 'report' ? sumLedger(month) : known[month] });
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

const server = given.http2 ? http2.createSecureServer(secrets, answer) : https.createServer(secrets, answer);
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
