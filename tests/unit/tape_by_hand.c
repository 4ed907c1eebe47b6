/* SPDX-License-Identifier: MIT */
#include "tape_by_hand.h"

#include <sys/syscall.h>

struct tape tape;
struct assembly *assembly;

int
begin(void **state)
{
	tape_init(&tape, 1000);
	tape_window_begin(&tape, 0);
	return 0;
}

int
end(void **state)
{
	assembly_free(assembly);
	assembly = NULL;
	tape_done(&tape);
	return 0;
}

struct rec *
add(enum rec_kind kind, int tid, int64_t ts)
{
	struct rec *r = tape_add(&tape);
	r->kind = (uint8_t)kind;
	r->ts = ts * US;
	r->thread = tape_thread(&tape, 1, tid);
	return r;
}

void
off(int tid, int64_t from, int64_t woken, int64_t to, int nr, int waker)
{
	struct rec *r = add(REC_OFF, tid, to);
	r->from = from * US;
	r->at = woken * US;
	r->nr = (uint16_t)nr;
	r->key = 0x1000;
	r->value = (uint32_t)waker;
	r->flags = woken ? (waker ? OFF_BY_FUTEX : 0) : OFF_PREEMPTED;
}

void
poll(int tid, int64_t began, int64_t ended, int result)
{
	struct rec *r = add(REC_POLL, tid, ended);
	r->from = began * US;
	r->nr = SYS_epoll_wait;
	r->value = (uint32_t)result;
}

struct rec *
io(int tid, uint64_t conn, int64_t ts, int flags, int64_t arrival, int64_t blocked)
{
	struct rec *r = add(REC_IO, tid, ts);
	r->key = conn;
	r->flags = (uint8_t)flags;
	r->at = arrival * US;
	r->from = blocked * US;
	r->value = 1;
	if (flags == (IO_SERVER | IO_HEAD))
		r->name = tape_name(&tape, "/route");
	return r;
}

struct rec *
request(int tid, uint64_t conn, int64_t arrival, int64_t read)
{
	return io(tid, conn, read, IO_SERVER | IO_HEAD, arrival, 0);
}

struct rec *
response(int tid, uint64_t conn, int64_t ts)
{
	return io(tid, conn, ts, IO_SERVER | IO_HEAD | IO_WRITE, 0, 0);
}

void
peer(int tid, uint64_t conn, int64_t ts, int port)
{
	struct rec *r = add(REC_CONN, tid, ts);
	r->key = conn;
	r->value = (uint32_t)port;
	r->name = tape_name(&tape, "10.0.0.1:1");
}

struct rec *
ask(int tid, uint64_t conn, int64_t ts, const char *statement)
{
	struct rec *write = io(tid, conn, ts, IO_WRITE, 0, 0);
	if (statement) {
		struct rec *r = add(REC_ASK, tid, ts);
		r->key = conn;
		r->name = tape_name(&tape, statement);
	}
	return write;
}

void
reply(int tid, uint64_t conn, int64_t ts, int64_t arrival, int answers)
{
	io(tid, conn, ts, 0, arrival, 0);
	while (answers-- > 0) {
		struct rec *r = add(REC_REPLY, tid, ts);
		r->key = conn;
		r->at = arrival * US;
		r->value = 1;
	}
}

int64_t
part(const struct canvas *c, enum run_part_kind kind)
{
	struct arena *a = arena_new();
	struct ledger_row *rows;
	int64_t sum = 0;
	for (size_t i = 0, n = ledger_rows(&c->ledger, a, &rows); i < n; i++)
		sum += rows[i].kind == kind ? rows[i].ns : 0;
	arena_free(a);
	return sum / US;
}
