// SPDX-License-Identifier: MIT
// Writes an audit line for every visit: /visit?page=NAME; node_visits.js FILE.
// --fault sync: opens, writes and syncs the file in the handler, which stops the loop. Truth:
// io.blocking-call.
const fs = require('node:fs');
const http = require('node:http');
const { parseArgs } = require('node:util');

const { values: { fault }, positionals: [path] } = parseArgs(
  { options: { fault: { type: 'string' } }, allowPositionals: true });
const audit = fs.createWriteStream(path, { flags: 'a' });
let visits = 0;

function recordNow(line) {
  const fd = fs.openSync(path, 'a');
  fs.writeSync(fd, line);
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}

function record(line) {
  if (fault === 'sync')
    recordNow(line);
  else
    audit.write(line);
}

const server = http.createServer((request, response) => {
  const page = new URL(request.url, 'http://visits').searchParams.get('page') ?? '/';
  visits += 1;
  record(`${new Date().toISOString()} ${request.socket.remoteAddress} ${page}\n`);
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ visits }));
});

server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
