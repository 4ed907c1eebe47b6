// SPDX-License-Identifier: MIT
// Planted: the handler appends to a journal and brings it to the disk before it goes on.
// Argument: the journal's path.
// Truth: io.blocking-call or io.disk.sync, from appendJournal, line 9.
const fs = require('fs');
const http = require('http');

const journal = fs.openSync(process.argv[2], 'a');
function appendJournal(entry) {
  fs.writeSync(journal, entry);
  fs.fsyncSync(journal);
}

let number = 0;
const server = http.createServer((request, response) => {
  appendJournal(`order ${number++} ${'x'.repeat(100)}\n`);
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 2 });
  response.end('ok');
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
