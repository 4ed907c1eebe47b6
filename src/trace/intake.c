/* SPDX-License-Identifier: MIT */
#include "trace/intake.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/fingerprint.h"
#include "trace/assemble.h"
#include "trace/route.h"

#define WAIT_STACKS_MAX 20000
#define SAMPLES_MAX     100000
#define SQL_MEMO_MAX    4096
#define RING_READS_MAX  4096
#define STREAM_METHOD_MAX 20

void
intake_init(struct intake *in, struct tape *tape, struct stacks *stacks, struct symbols *symbols)
{
	*in = (struct intake){ .tape = tape, .stacks = stacks, .symbols = symbols,
		.wire = wire_new(tape), .streams = streams_new() };
}

void
intake_done(struct intake *in)
{
	map_done(&in->sql_memo);
	map_done(&in->peers);
	map_done(&in->seen);
	wire_free(in->wire);
	streams_free(in->streams);
}

void
intake_literal(struct intake *in, const char *url)
{
	char route[ROUTE_MAX];
	route_of_url(url, route);
	*ARENA_PUSH(in->tape->arena, in->literals, in->n_literals) =
	    arena_strdup(in->tape->arena, route);
}

static struct rec *
record(struct intake *in, const struct ev_head *h, enum rec_kind kind)
{
	struct rec *r = tape_add(in->tape);
	if (!r)
		return NULL;
	r->ts = (int64_t)h->ts;
	r->kind = (uint8_t)kind;
	r->nr = h->nr;
	r->thread = tape_thread(in->tape, (int)h->pid, (int)h->tid);
	return r;
}

static void
take_off(struct intake *in, const struct ev_off *e)
{
	struct rec *r = record(in, &e->head, REC_OFF);
	if (!r)
		return;
	const struct tape_window *w = &in->tape->windows[in->tape->n_windows - 1];
	r->from = e->out ? (int64_t)e->out : w->from;
	r->at = (int64_t)e->wake > r->from ? (int64_t)e->wake : 0;
	r->key = e->key;
	r->value = e->waker;
	r->flags = (uint8_t)(e->flags & (OFF_PREEMPTED | OFF_UNINTERRUPTED | OFF_IN_SQL)) |
	    (e->waker_nr == SYS_futex ? OFF_BY_FUTEX : 0);
}

/* The thread learns of what was read for it by io_uring when its call returns: then it begins to
 * work on it, one after the other. */
static void
learn_of_ring_reads(struct intake *in, const struct ev_head *h)
{
	size_t kept = 0;
	int64_t at = (int64_t)h->ts;
	for (size_t i = 0; i < in->n_ring_reads; i++) {
		const struct ring_read *read = &in->ring_reads[i];
		if (read->tid != (int)h->tid) {
			in->ring_reads[kept++] = *read;
			continue;
		}
		at++;
		for (size_t k = read->first; k < read->first + read->n; k++)
			tape_at(in->tape, k)->ts = at;
	}
	in->n_ring_reads = kept;
}

/* What was added to the tape since `first` is such a read. */
static void
note_ring_read(struct intake *in, const struct ev_io *e, size_t first)
{
	if (e->head.nr != SYS_io_uring_enter || e->flags & IO_WRITE || in->tape->n == first ||
	    in->n_ring_reads == RING_READS_MAX)
		return;
	if (!in->ring_reads)
		in->ring_reads = arena_alloc(in->tape->arena, RING_READS_MAX * sizeof(*in->ring_reads));
	in->ring_reads[in->n_ring_reads++] =
	    (struct ring_read){ (int)e->head.tid, first, in->tape->n - first };
}

static void
take_poll(struct intake *in, const struct ev_poll *e)
{
	bool ring = e->head.nr == SYS_io_uring_enter;
	if (ring)
		learn_of_ring_reads(in, &e->head);
	struct rec *r = record(in, &e->head, REC_POLL);
	if (!r)
		return;
	r->from = (int64_t)e->first_block;
	r->value = ring ? 1 : e->ret < 0 ? 0 : (uint32_t)e->ret;   /* a ring tells what was submitted */
}

static uint32_t
route_name(struct intake *in, const char *head, size_t size)
{
	char route[ROUTE_MAX];
	if (!route_of_head(head, size, in->literals, in->n_literals, route))
		return 0;
	return tape_name(in->tape, route);
}

/* Its protocol has told what a peer is: `port` decides what waiting for it counts for. */
static void
peer_is(struct intake *in, uint64_t conn, uint16_t port)
{
	const char *kind;
	*map_at(&in->peers, &conn, sizeof(conn), NULL) = peer_part(port, &kind);
}

/* When these bytes tell what the peer is, it is met again. */
static void
tell_peer(struct intake *in, const struct ev_io *e, const struct wire_bytes *b)
{
	uint16_t port = wire_tell(in->wire, e->sock, e->flags & IO_WRITE, b);
	struct rec *r = port && e->head.epoch ? record(in, &e->head, REC_CONN) : NULL;
	if (!r)
		return;
	r->key = e->sock;
	r->flags = CONN_SEEN;
	r->value = port;
	r->name = wire_peer_of(in->wire, e->sock);
	peer_is(in, e->sock, port);
}

static struct rec
io_of(const struct ev_io *e)
{
	return (struct rec){ .ts = (int64_t)e->head.ts, .from = (int64_t)e->first_block,
		.at = (int64_t)e->arrival, .key = e->sock, .task = e->task, .value = e->ret < 0 ? 0 : (uint32_t)e->ret,
		.kind = REC_IO, .nr = e->head.nr,
		.flags = (uint8_t)(e->flags & (IO_WRITE | IO_SERVER | IO_HEAD)) };
}

struct stream_event { struct intake *in; const struct ev_io *e; };

static uint32_t
stream_route(struct intake *in, const struct stream_told *told, const char *method,
    const char *const *literals, size_t n_literals)
{
	char line[EV_HEAD_BYTES + 8], route[ROUTE_MAX], text[ROUTE_MAX + STREAM_METHOD_MAX];
	int size = snprintf(line, sizeof(line), "GET %s", told->path);
	if (!told->path[0] || !route_of_head(line, (size_t)size, literals, n_literals, route))
		return tape_name(in->tape, ROUTE_UNKNOWN);
	snprintf(text, sizeof(text), "%s%s%s", method, *method ? " " : "", route);
	return tape_name(in->tape, text);
}

/* The service asks a peer. */
static void
stream_asked(struct intake *in, const struct rec *io, const struct stream_told *told)
{
	struct rec *r = tape_add(in->tape);
	if (!r)
		return;
	*r = *io;
	r->kind = REC_ASK;
	r->flags = 0;
	r->name = stream_route(in, told, told->method[0] ? told->method : "GET", NULL, 0);
}

static void
stream_answered(struct intake *in, const struct rec *io, const struct stream_told *told)
{
	struct rec *r = tape_add(in->tape);
	if (!r)
		return;
	*r = *io;
	r->kind = REC_REPLY;
	r->flags = told->status == 429 || told->status >= 500 ? REPLY_ERROR : 0;
	r->value = told->status;
}

static void
meet_stream(struct intake *in, const struct ev_io *e, uint64_t key)
{
	struct rec *r = record(in, &e->head, REC_CONN);
	if (!r)
		return;
	r->key = key;
	r->flags = CONN_STREAM;
	r->name = wire_peer_of(in->wire, e->sock);
}

/* A stream counts as a connection of its own, with one request on it. */
static void
take_stream(void *ctx, const struct stream_told *told)
{
	const struct stream_event *s = ctx;
	bool server = s->e->flags & EV_IO_SERVER;
	if (!server && told->part == STREAM_REQUEST)
		meet_stream(s->in, s->e, told->key);
	struct rec *r = record(s->in, &s->e->head, REC_IO);
	if (!r)
		return;
	struct rec io = io_of(s->e);
	io.thread = r->thread;
	io.key = told->key;
	if (told->part == STREAM_REQUEST)
		io.flags |= IO_HEAD;
	if (server && told->part == STREAM_REQUEST)
		io.name = stream_route(s->in, told, "", s->in->literals, s->in->n_literals);
	*r = io;
	if (!server && told->part == STREAM_REQUEST)
		stream_asked(s->in, &io, told);
	else if (told->part == STREAM_END)
		stream_answered(s->in, &io, told);
}

/* Frames of HTTP/2. */
static void
take_frames(struct intake *in, const struct ev_io *e)
{
	if (!(e->flags & EV_IO_SERVER) && e->flags & EV_IO_CLEAR)
		wire_is_clear(in->wire, e->sock);
	if (!(e->flags & EV_IO_SERVER))
		wire_is_http2(in->wire, e->sock);
	if (e->head.epoch)
		streams_take(in->streams, e, take_stream, &(struct stream_event){ in, e });
}

/* A handshake's record, or the change of cipher that ends it (RFC 8446, 5.1). */
static uint8_t
handshake_flags(const uint8_t *b, size_t n)
{
	if (n < 6 || b[1] != 3 || b[2] > 4 || (b[0] != 0x16 && b[0] != 0x14))
		return 0;
	return IO_HANDSHAKE | (b[0] == 0x16 && b[5] == 1 ? IO_HELLO : 0);
}

static void
take_io(struct intake *in, const struct ev_io *e, size_t size)
{
	const uint8_t *text = (const uint8_t *)e->text;
	struct rec io = io_of(e), *r;
	struct wire_bytes b = { .begun = text, .n_begun = e->begun, .ended = text + e->begun,
		.n_ended = e->ended, .size = io.value };
	bool server = e->flags & IO_SERVER;
	if (offsetof(struct ev_io, text) + b.n_begun + b.n_ended > size)
		return;
	if (e->flags & EV_IO_FRAMES) {
		take_frames(in, e);
		return;
	}
	if (!server && e->flags & EV_IO_CLEAR)
		wire_is_clear(in->wire, e->sock);
	else if (!server && e->flags & EV_IO_WRITE)
		io.flags |= handshake_flags(text, e->begun);
	if (!server)
		tell_peer(in, e, &b);
	if (e->head.epoch && (r = record(in, &e->head, REC_IO))) {
		io.thread = r->thread;
		if (server && e->flags & EV_IO_BLIND) {
			io.flags |= IO_HEAD;
			io.name = tape_name(in->tape, ROUTE_UNKNOWN);
		}
		else if (server && io.flags & IO_HEAD)
			io.name = route_name(in, e->text, e->begun);
		*r = io;
	}
	if (!server)
		wire_io(in->wire, &io, &b);
}

static void
take_call(struct intake *in, const struct ev_io *e, size_t size)
{
	size_t first = in->tape->n;
	take_io(in, e, size);
	note_ring_read(in, e, first);
}

static uint32_t
unix_peer_name(struct intake *in, const struct ev_conn *e)
{
	char path[EV_PATH_BYTES + 1];
	snprintf(path, sizeof(path), "%.*s", EV_PATH_BYTES, e->path);
	return tape_name(in->tape, path[0] ? path : "(Unix socket without a name)");
}

static uint32_t
peer_name(struct intake *in, const struct ev_conn *e)
{
	if (e->family == AF_UNIX)
		return unix_peer_name(in, e);
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool v4 = e->family == AF_INET || !memcmp(e->peer, mapped, sizeof(mapped));
	const uint8_t *address = e->family != AF_INET && v4 ? e->peer + 12 : e->peer;
	char text[INET6_ADDRSTRLEN + 10], ip[INET6_ADDRSTRLEN];

	inet_ntop(v4 ? AF_INET : AF_INET6, address, ip, sizeof(ip));
	snprintf(text, sizeof(text), v4 ? "%s:%u" : "[%s]:%u", ip, e->peer_port);
	return tape_name(in->tape, text);
}

/* Where both ends are the service's, the same of both. Who else's ports are the same is told apart by the time. */
static int64_t
alike_of(const struct ev_conn *e, bool server)
{
	uint16_t from = server ? e->peer_port : e->local_port, to = server ? e->local_port : e->peer_port;
	return e->family == AF_UNIX ? (int64_t)e->client : from && to ? (int64_t)1 << 32 | from << 16 | to : 0;
}

static void
take_conn(struct intake *in, const struct ev_conn *e)
{
	/* A client's address is personal and its port only noise: not kept. */
	bool server = e->how == EV_CONN_ACCEPTED || e->local_is_server;
	uint32_t name = server ? 0 : peer_name(in, e);
	uint16_t port = e->family == AF_UNIX ? 0 : e->peer_port;
	if (!server)
		port = wire_connection(in->wire, e->sock, e->born, name, port);
	struct rec *r = e->head.epoch ? record(in, &e->head, REC_CONN) : NULL;
	if (!r)
		return;
	r->from = (int64_t)e->first_block;
	r->key = e->sock;
	r->at = alike_of(e, server);
	r->flags = (uint8_t)e->how;
	r->name = name;
	r->value = port;
	if (server)
		*map_at(&in->peers, &e->sock, sizeof(e->sock), NULL) = PART_NONE;
	else
		peer_is(in, e->sock, port);
}

static void
take_file(struct intake *in, const struct ev_file *e)
{
	char text[EV_NAME_BYTES + 24];
	static const struct { int nr; const char *name; } calls[] = {
		{ SYS_fsync, "fsync" }, { SYS_fdatasync, "fdatasync" }, { SYS_read, "read" },
		{ SYS_write, "write" }, { SYS_pread64, "pread" }, { SYS_pwrite64, "pwrite" },
		{ SYS_readv, "readv" }, { SYS_writev, "writev" }, { SYS_sync_file_range, "sync" },
		{ SYS_syncfs, "syncfs" }, { SYS_preadv, "preadv" }, { SYS_pwritev, "pwritev" },
		{ SYS_sendfile, "sendfile" },
	};
	const char *call = "file";
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].nr == e->head.nr)
			call = calls[i].name;
	struct rec *r = record(in, &e->head, REC_FILE);
	if (!r)
		return;
	r->from = (int64_t)e->first_block;
	snprintf(text, sizeof(text), "%s %.*s", call, EV_NAME_BYTES, e->name);
	r->name = tape_name(in->tape, text);
}

static void
take_sql(struct intake *in, const struct ev_sql *e)
{
	struct rec *r = record(in, &e->head, REC_SQL);
	if (!r)
		return;
	size_t size = strnlen(e->text, sizeof(e->text));
	if (in->sql_memo.count > SQL_MEMO_MAX)
		map_done(&in->sql_memo);
	bool new;
	uint64_t *name = map_at(&in->sql_memo, e->text, size, &new);
	if (new) {
		char text[EV_SQL_BYTES], print[EV_SQL_BYTES];
		snprintf(text, sizeof(text), "%.*s", (int)size, e->text);
		fingerprint_sql(text, print, sizeof(print));
		*name = tape_name(in->tape, print[0] ? print : "(statement)");
		tape_keep_example(in->tape, (uint32_t)*name, text, size);
	}
	r->name = (uint32_t)*name;
	r->from = (int64_t)e->start;
	r->at = (int64_t)e->busy;
	r->value = e->rows;
}

/* What a thread that left its stack had waited for. */
static enum run_part_kind
waited_for(struct intake *in, const struct ev_stack *e)
{
	uint64_t *peer = e->sock ? map_find(&in->peers, &e->sock, sizeof(e->sock)) : NULL;
	if (e->sock)
		return peer ? (enum run_part_kind)*peer : PART_NONE;
	return part_of_syscall(e->head.nr, false);
}

static uint32_t
native_stack(struct intake *in, const struct ev_stack *e)
{
	uint64_t ips[STACK_FRAMES_MAX];
	struct symbol_regs regs = { .ip = e->ip, .sp = e->sp, .bp = e->bp, .rbx = e->bx, .r12 = e->r12,
		.r13 = e->r13, .r14 = e->r14, .r15 = e->r15 };
	bool rooted = false;
	size_t n = symbols_unwind(in->symbols, (int)e->head.pid, &regs, e->stack, e->size, ips, STACK_FRAMES_MAX,
	    &rooted);

	return stacks_add(in->stacks, (int)e->head.pid, NULL, 0, ips, n, NULL, 0, rooted);
}

/* Below the interpreter's frames only the function that called the kernel. */
static uint32_t
python_stack_of(struct intake *in, const struct ev_stack *e)
{
	struct python_frame frames[EV_PYTHON_FRAMES];
	int pid = (int)e->head.pid;
	const uint64_t *at = in->pythons ? map_find(in->pythons, &pid, sizeof(pid)) : NULL;
	size_t n = at ? python_name((struct python *)(uintptr_t)*at, e->python, e->n_python, frames) : 0;

	return stacks_add(in->stacks, pid, NULL, 0, (const uint64_t *)&e->ip, 1, frames, n, n && e->python_ends);
}

static void
take_stack(struct intake *in, const struct ev_stack *e)
{
	int pid = (int)e->head.pid;

	bool handed = e->unlock == EV_STACK_HANDED;
	in->stack_events += !handed;
	if (in->n_waits >= WAIT_STACKS_MAX || in->n_handed >= WAIT_STACKS_MAX)
		return;
	enum run_part_kind kind = handed ? PART_QUEUE : waited_for(in, e);
	if (kind == PART_NONE)
		return;
	if (!(*map_at(&in->seen, &pid, sizeof(pid), NULL))++)
		symbols_see(in->symbols, pid);
	uint32_t stack = e->n_python ? python_stack_of(in, e) : native_stack(in, e);
	uint32_t thread = tape_thread(in->tape, pid, (int)e->head.tid);
	if (handed) {
		*ARENA_PUSH(in->tape->arena, in->handed, in->n_handed) =
		    (struct handed_stack){ stack, thread };
		return;
	}
	struct wait_stack *w = ARENA_PUSH(in->tape->arena, in->waits, in->n_waits);
	*w = (struct wait_stack){ .key = e->key, .ns = (int64_t)e->weight, .at = (int64_t)e->head.ts,
		.kind = (uint8_t)kind, .thread = thread, .unlock = e->unlock, .stack = stack };
}

static void
take_gc(struct intake *in, const struct ev_gc *e)
{
	struct rec *r = record(in, &e->head, REC_GC);
	if (!r)
		return;
	r->from = (int64_t)e->start;
	r->value = e->full != 0;
}

static void
take_exit(struct intake *in, const struct ev_head *h)
{
	struct thread_exit *exit = ARENA_PUSH(in->tape->arena, in->exits, in->n_exits);
	exit->thread = tape_thread(in->tape, (int)h->pid, (int)h->tid);
	exit->at = (int64_t)h->ts;
}

void
intake_event(struct intake *in, const struct ev_head *event, size_t size)
{
	/* Between windows (epoch 0) only what peers are asked is told. */
	bool told = event->epoch && in->tape->n_windows;
	if (!told && event->kind != EV_IO && event->kind != EV_CONN)
		return;
	wire_window(in->wire, told);
	switch (event->kind) {
	case EV_OFF: take_off(in, (const struct ev_off *)event); break;
	case EV_POLL: take_poll(in, (const struct ev_poll *)event); break;
	case EV_IO: take_call(in, (const struct ev_io *)event, size); break;
	case EV_CONN: take_conn(in, (const struct ev_conn *)event); break;
	case EV_FILE: take_file(in, (const struct ev_file *)event); break;
	case EV_STACK: take_stack(in, (const struct ev_stack *)event); break;
	case EV_SQL: take_sql(in, (const struct ev_sql *)event); break;
	case EV_EXIT: take_exit(in, event); break;
	case EV_GC: take_gc(in, (const struct ev_gc *)event); break;
	}
}

void
intake_sample(struct intake *in, const struct sampler_sample *s)
{
	if (in->tape->n_samples >= SAMPLES_MAX)
		return;
	uint32_t stack = stacks_add(in->stacks, s->pid, s->kernel, s->n_kernel, s->user, s->n_user,
	    s->script, s->n_script, s->rooted);
	struct tape_sample *sample = ARENA_PUSH(in->tape->arena, in->tape->samples,
	    in->tape->n_samples);
	*sample = (struct tape_sample){ .time = s->time_ns, .stack = stack,
		.thread = tape_thread(in->tape, s->pid, s->tid) };
}

void
intake_window_end(struct intake *in, int64_t now)
{
	for (size_t i = 0; i < in->n_exits; i++) {
		struct rec *r = tape_add(in->tape);
		if (!r)
			break;
		*r = (struct rec){ .ts = now, .from = in->exits[i].at, .thread = in->exits[i].thread,
			.kind = REC_OFF, .nr = SYS_accept };
	}
	in->n_exits = in->n_ring_reads = 0;
	in->exits = NULL;
	wire_window(in->wire, false);
	streams_window(in->streams);
	map_done(&in->peers);
}
