/* SPDX-License-Identifier: MIT */
#include "trace/assemble.h"

#include <stdlib.h>
#include <sys/syscall.h>

#include "base/clock.h"

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

/* A connection as the events so far tell. */
struct conn {
	bool server, connecting;
	uint8_t kind;
	uint32_t generation;       /* sockets' addresses are used again */
	uint32_t peer;
	uint32_t span;             /* server: the open span; client: whose call is out */
	uint32_t call;             /* client: the call that is out */
	uint32_t *asked;           size_t n_asked, answered;   /* calls, in order; of them answered */
};

/* A thread as the events so far tell. */
struct actor {
	uint32_t span;             /* that it works for now */
	uint32_t segment;          /* open */
	uint32_t open;             /* spans read by it and not answered yet */
	uint32_t last_open;        /* one of them */
	int64_t resumed;           /* end of the last poll or of other work */
	int64_t answered;          /* end of its last response */
	int64_t polled;            /* end of the last poll, 0 none in this window */
	uint32_t orphan_sql, orphan_calls;    /* not yet known whose; newest first */
	uint64_t last_conn;
	bool timed_out;            /* the last poll */
	size_t off_mark;           /* first REC_OFF of this window */
};

struct worker {
	struct assembly *a;
	struct tape *t;
	struct map conn_ids;       /* key -> index */
	struct map lock_ids;       /* (address, pid) -> index */
	struct map conns_read;     /* server connections that had a request, by thread */
	struct conn *conns;        size_t n_conns;
	struct actor *actors;
	size_t first_span;         /* of this window */
};

enum run_part_kind
peer_part(uint16_t port, const char **ret_kind)
{
	static const struct { uint16_t port; enum run_part_kind part; const char *kind; } rows[] = {
		{ 5432, PART_DB, "postgresql" }, { 6432, PART_DB, "postgresql" },
		{ 3306, PART_DB, "mysql" }, { 27017, PART_DB, "mongodb" }, { 1433, PART_DB, "mssql" },
		{ 9042, PART_DB, "cassandra" }, { 6379, PART_CACHE, "redis" },
		{ 11211, PART_CACHE, "memcached" }, { 53, PART_NET, "dns" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].port == port) {
			*ret_kind = rows[i].kind;
			return rows[i].part;
		}
	*ret_kind = "tcp";
	return PART_NET;
}

static struct conn *
conn_of(struct worker *w, uint64_t key)
{
	bool new;
	uint64_t *at = map_at(&w->conn_ids, &key, sizeof(key), &new);
	if (new) {
		*at = w->n_conns;
		struct conn *c = ARENA_PUSH(w->a->arena, w->conns, w->n_conns);
		c->span = c->call = NOBODY;
		c->kind = PART_NET;
	}
	return &w->conns[*at];
}

/* ---- segments ------------------------------------------------------------------------------ */

static void
close_segment(struct worker *w, struct actor *actor, int64_t now)
{
	if (actor->segment != NOBODY)
		w->a->segments[actor->segment].end = now;
	actor->segment = NOBODY;
}

static void
adopt_orphans(struct worker *w, struct actor *actor, uint32_t span, int64_t since)
{
	struct assembly *a = w->a;
	for (uint32_t i = actor->orphan_sql, next; i != NOBODY; i = next) {
		struct rec *r = tape_at(w->t, i);
		next = (uint32_t)r->key;
		if (r->from < since)
			break;
		r->key = a->spans[span].sql;
		a->spans[span].sql = i;
	}
	for (uint32_t i = actor->orphan_calls, next; i != NOBODY; i = next) {
		struct call *c = &a->calls[i];
		next = c->next;
		if (c->start < since)
			break;
		c->span = span;
		c->next = a->spans[span].calls;
		a->spans[span].calls = i;
	}
	actor->orphan_sql = actor->orphan_calls = NOBODY;
}

/* The segment that is open on a thread ends where its response is out of the door, else now: then
 * the next one cannot begin before. Returns when that may begin. */
static int64_t
end_other_work(struct worker *w, struct actor *actor, int64_t start, int64_t now)
{
	if (actor->segment == NOBODY)
		return start;
	const struct span *old = &w->a->spans[w->a->segments[actor->segment].span];
	bool over = old->answered && old->end <= start;
	close_segment(w, actor, over ? old->end : now);
	return over || start > now ? start : now;
}

/* From `start` on, this thread works for `span`. */
static void
work_for(struct worker *w, uint32_t thread, uint32_t span, int64_t start, int64_t now,
    enum run_part_kind gap, uint32_t gap_where, int64_t gap_arrival)
{
	struct assembly *a = w->a;
	struct actor *actor = &w->actors[thread];
	if (actor->span == span && actor->segment != NOBODY)
		return;
	start = end_other_work(w, actor, start, now);
	uint32_t id = (uint32_t)a->n_segments;
	struct segment *s = ARENA_PUSH(a->arena, a->segments, a->n_segments);
	*s = (struct segment){ .start = start, .span = span, .thread = thread, .next = NOBODY,
		.gap_kind = (uint8_t)gap, .gap_where = gap_where, .gap_arrival = gap_arrival };
	struct thread_log *log = &a->threads[thread];
	*ARENA_PUSH(a->arena, log->segments, log->n_segments) = id;
	struct span *sp = &a->spans[span];
	if (sp->first == NOBODY)
		sp->first = id;
	else
		a->segments[sp->last].next = id;
	sp->last = id;
	actor->span = span;
	actor->segment = id;
	adopt_orphans(w, actor, span, start);
}

static void
leave(struct worker *w, uint32_t thread, int64_t now)
{
	struct actor *actor = &w->actors[thread];
	close_segment(w, actor, now);
	actor->span = NOBODY;
}

/* Nothing is known of why the work went on, but a poll that ran into its time-out was a timer. */
static enum run_part_kind
gap_of(const struct actor *actor)
{
	return actor->timed_out ? PART_SLEEP : PART_OTHER;
}

/* Whose work a thread does when no event has told: the only open span, if it is the only one. */
static uint32_t
owner_now(struct worker *w, uint32_t thread, int64_t now)
{
	struct actor *actor = &w->actors[thread];
	if (actor->span != NOBODY && w->a->spans[actor->span].answered &&
	    w->a->spans[actor->span].thread != thread)
		leave(w, thread, w->a->spans[actor->span].end);
	if (actor->span == NOBODY && actor->open == 1 && actor->last_open != NOBODY &&
	    !w->a->spans[actor->last_open].answered)
		work_for(w, thread, actor->last_open, actor->resumed, now, gap_of(actor), 0, 0);
	return actor->span;
}

/* ---- off-CPU intervals --------------------------------------------------------------------- */

enum run_part_kind
part_of_syscall(int nr, bool uninterrupted)
{
	switch (nr) {
	case SYS_futex:
		return PART_LOCK;
	case SYS_flock: case SYS_fcntl:
		return PART_LOCK;
	case SYS_nanosleep: case SYS_clock_nanosleep:
		return PART_SLEEP;
	case SYS_poll: case SYS_ppoll: case SYS_select: case SYS_pselect6: case SYS_epoll_wait:
	case SYS_epoll_pwait: case SYS_epoll_pwait2: case SYS_accept: case SYS_accept4:
		return PART_NONE;
	case SYS_connect: case SYS_recvfrom: case SYS_recvmsg: case SYS_sendto: case SYS_sendmsg:
		return PART_NET;
	case SYS_fsync: case SYS_fdatasync: case SYS_sync_file_range: case SYS_syncfs: case SYS_msync:
		return PART_DISK;
	case 0xffff:
		return PART_FAULT;
	case SYS_wait4: case SYS_waitid:
		return PART_OTHER;
	}
	return uninterrupted ? PART_DISK : PART_OTHER;
}

static uint32_t
lock_of(struct worker *w, const struct rec *r)
{
	struct { uint64_t key; int64_t pid; } id = { r->key, w->t->threads[r->thread].pid };
	bool new;
	uint64_t *at = map_at(&w->lock_ids, &id, sizeof(id), &new);
	if (new) {
		*at = w->a->n_locks;
		struct lock *l = ARENA_PUSH(w->a->arena, w->a->locks, w->a->n_locks);
		l->key = r->key;
		l->pid = (int)id.pid;
	}
	w->a->locks[*at].woken += (r->flags & OFF_BY_FUTEX) != 0;
	return (uint32_t)*at + 1;
}

static void
on_off(struct worker *w, struct rec *r, uint32_t index)
{
	struct thread_log *log = &w->a->threads[r->thread];
	*ARENA_PUSH(w->a->arena, log->off, log->n_off) = index;
	bool futex = r->nr == SYS_futex && !(r->flags & OFF_PREEMPTED);
	r->nr = r->flags & OFF_PREEMPTED ? PART_RUNQUEUE :
	    (uint16_t)part_of_syscall(r->nr, r->flags & OFF_UNINTERRUPTED);
	r->name = futex ? lock_of(w, r) : 0;
}

/* What the thread was blocked in since `first_block` is known only now that the call has ended. */
static void
annotate(struct worker *w, const struct rec *r, enum run_part_kind part, uint32_t where)
{
	struct thread_log *log = &w->a->threads[r->thread];
	if (!r->from)
		return;
	for (size_t i = log->n_off; i > w->actors[r->thread].off_mark; i--) {
		struct rec *off = tape_at(w->t, log->off[i - 1]);
		if (off->from < r->from)
			break;
		if (off->flags & OFF_PREEMPTED)
			continue;
		off->nr = (uint16_t)part;
		off->name = where;
	}
}

/* ---- polls --------------------------------------------------------------------------------- */

/* How long the thread ran, or wanted to, in [from, to]. */
static int64_t
ran_between(const struct worker *w, uint32_t thread, int64_t from, int64_t to)
{
	const struct thread_log *log = &w->a->threads[thread];
	int64_t blocked = 0;
	for (size_t i = log->n_off; i > w->actors[thread].off_mark; i--) {
		const struct rec *off = tape_at(w->t, log->off[i - 1]);
		if (off->ts <= from)
			break;
		if (off->from < from || off->from >= to || off->flags & OFF_PREEMPTED)
			continue;
		blocked += (off->at ? off->at : off->ts) - off->from;
	}
	return to - from - blocked;
}

static void
on_poll(struct worker *w, const struct rec *r)
{
	struct actor *actor = &w->actors[r->thread];
	struct thread_log *log = &w->a->threads[r->thread];
	int64_t began = r->from ? r->from : r->ts;

	leave(w, r->thread, began);
	if (actor->polled) {
		int64_t ran = ran_between(w, r->thread, actor->polled, began);
		if (ran > log->longest_run)
			log->longest_run = ran;
	}
	log->polls++;
	log->epoll |= r->nr == SYS_epoll_wait || r->nr == SYS_epoll_pwait || r->nr == SYS_epoll_pwait2;
	actor->polled = actor->resumed = r->ts;
	actor->timed_out = !r->value;
}

/* ---- server side --------------------------------------------------------------------------- */

static void
span_over(struct worker *w, struct conn *c)
{
	if (c->span == NOBODY)
		return;
	struct span *s = &w->a->spans[c->span];
	struct actor *reader = &w->actors[s->thread];
	s->complete = s->answered;
	if (!s->answered && reader->open)
		reader->open--;
	c->span = NOBODY;
}

static void
note_return(struct worker *w, const struct conn *c, const struct rec *r)
{
	struct { uint64_t conn; uint32_t thread, generation; } id = { r->key, r->thread, c->generation };
	struct actor *actor = &w->actors[r->thread];
	bool new;
	map_at(&w->conns_read, &id, sizeof(id), &new);
	if (!new && actor->last_conn && actor->last_conn != r->key)
		w->a->threads[r->thread].returns = true;
	actor->last_conn = r->key;
}

static void
request_read(struct worker *w, struct conn *c, const struct rec *r)
{
	struct assembly *a = w->a;
	struct actor *actor = &w->actors[r->thread];

	/* The writer may lose its CPU inside the write, after the bytes have gone: the next request
	 * on the connection proves that they had. */
	if (c->span != NOBODY && r->at && r->at < a->spans[c->span].end &&
	    r->at > a->spans[c->span].read)
		a->spans[c->span].end = r->at;
	span_over(w, c);
	note_return(w, c, r);
	leave(w, r->thread, r->ts);
	actor->resumed = r->ts;
	c->span = (uint32_t)a->n_spans;
	struct span *s = ARENA_PUSH(a->arena, a->spans, a->n_spans);
	*s = (struct span){ .arrival = r->at && r->at < r->ts ? r->at : r->ts, .read = r->ts,
		.route = r->name, .thread = r->thread, .writer = NOBODY, .first = NOBODY, .last = NOBODY,
		.sql = NOBODY, .calls = NOBODY };
	actor->open++;
	actor->last_open = c->span;
	a->threads[r->thread].heads++;
	actor->orphan_sql = actor->orphan_calls = NOBODY;
	work_for(w, r->thread, c->span, r->ts, r->ts, PART_NONE, 0, 0);
}

/* When a thread that answers a request of another thread's began with it. */
static int64_t
handed_over_at(const struct worker *w, uint32_t thread, const struct span *s)
{
	const struct thread_log *log = &w->a->threads[thread];
	int64_t begin = w->actors[thread].answered > s->read ? w->actors[thread].answered : s->read;
	for (size_t i = log->n_off; i > w->actors[thread].off_mark; i--) {
		const struct rec *off = tape_at(w->t, log->off[i - 1]);
		if (off->ts <= begin)
			break;
		if (off->from <= begin && !(off->flags & OFF_PREEMPTED))
			return off->ts;
	}
	return begin;
}

static void
response_written(struct worker *w, struct conn *c, const struct rec *r)
{
	struct actor *actor = &w->actors[r->thread];
	if (c->span == NOBODY)
		return;
	struct span *s = &w->a->spans[c->span];
	if (actor->span != c->span || actor->segment == NOBODY) {
		bool other = s->thread != r->thread;
		int64_t start = actor->resumed > s->read ? actor->resumed : s->read;
		if (other && !w->a->threads[r->thread].heads)
			start = handed_over_at(w, r->thread, s);
		if (start > r->ts)
			start = r->ts;
		uint32_t worker_queue = other && !s->answered ? tape_name(w->t, "worker queue") : 0;
		work_for(w, r->thread, c->span, actor->span == NOBODY ? start : r->ts, r->ts,
		    worker_queue ? PART_QUEUE : gap_of(actor), worker_queue, 0);
	}
	if (!s->answered && w->actors[s->thread].open)
		w->actors[s->thread].open--;
	s->answered = true;
	s->writer = r->thread;
	s->end = r->ts;
	actor->answered = r->ts;
}

static void
server_io(struct worker *w, struct conn *c, const struct rec *r)
{
	bool head = r->flags & IO_HEAD;
	if (r->flags & IO_WRITE)
		response_written(w, c, r);
	else if (head && r->name)
		request_read(w, c, r);
	else if (c->span != NOBODY && !w->a->spans[c->span].answered) {
		uint32_t client = tape_name(w->t, "request body");
		annotate(w, r, PART_NET, client);
		work_for(w, r->thread, c->span, r->ts, r->ts, PART_NET, client, r->at);
	}
}

/* ---- client side --------------------------------------------------------------------------- */

static struct call *
call_begin(struct worker *w, struct conn *c, const struct rec *r, int64_t start)
{
	struct assembly *a = w->a;
	struct actor *actor = &w->actors[r->thread];
	uint32_t span = owner_now(w, r->thread, r->ts);
	c->call = (uint32_t)a->n_calls;
	c->span = span;
	struct call *call = ARENA_PUSH(a->arena, a->calls, a->n_calls);
	*call = (struct call){ .start = start, .peer = c->peer, .kind = c->kind, .span = span,
		.thread = r->thread };
	uint32_t *list = span == NOBODY ? &actor->orphan_calls : &a->spans[span].calls;
	call->next = *list;
	*list = c->call;
	return call;
}

/* What a wait for this connection is told as: the oldest statement that is out, else the peer. */
static uint32_t
where_of(const struct worker *w, const struct conn *c)
{
	uint32_t statement = c->kind != PART_NET && c->answered < c->n_asked ?
	    w->a->calls[c->asked[c->answered]].statement : 0;
	return statement ? statement : c->peer;
}

/* An answer from a peer: the span that asked goes on. */
static void
reply_read(struct worker *w, struct conn *c, const struct rec *r)
{
	struct actor *actor = &w->actors[r->thread];
	uint32_t where = where_of(w, c);
	annotate(w, r, (enum run_part_kind)c->kind, where);
	if (c->call != NOBODY) {
		struct call *call = &w->a->calls[c->call];
		call->end = r->at > call->start && r->at < r->ts ? r->at : r->ts;
		c->call = NOBODY;
	}
	if (c->span != NOBODY && !w->a->spans[c->span].complete && actor->span != c->span)
		work_for(w, r->thread, c->span, actor->resumed, r->ts, (enum run_part_kind)c->kind, where,
		    r->at);
}

/* The write that was seen before began a call; further questions in it are calls too. */
static void
on_ask(struct worker *w, const struct rec *r)
{
	struct conn *c = conn_of(w, r->key);
	if (c->call == NOBODY || (c->n_asked && c->asked[c->n_asked - 1] == c->call))
		call_begin(w, c, r, r->ts);
	w->a->calls[c->call].statement = r->name;
	w->a->calls[c->call].kind = c->kind;
	w->a->calls[c->call].sure = 100;
	*ARENA_PUSH(w->a->arena, c->asked, c->n_asked) = c->call;
}

static void
on_reply(struct worker *w, const struct rec *r)
{
	struct conn *c = conn_of(w, r->key);
	if (c->answered == c->n_asked)
		return;
	struct call *call = &w->a->calls[c->asked[c->answered++]];
	call->end = r->ts;
	call->rows = r->value;
	call->bytes = r->bytes;
	call->error = r->flags & REPLY_ERROR;
	if (c->answered == c->n_asked)
		c->asked = NULL, c->n_asked = c->answered = 0;
}

static void
client_io(struct worker *w, struct conn *c, const struct rec *r)
{
	if (!(r->flags & IO_WRITE)) {
		reply_read(w, c, r);
		return;
	}
	annotate(w, r, (enum run_part_kind)c->kind, c->peer);
	if (c->call == NOBODY || c->connecting)
		call_begin(w, c, r, r->ts);
	w->a->calls[c->call].http |= (r->flags & IO_HEAD) != 0;
	c->connecting = false;
}

static void
on_conn(struct worker *w, const struct rec *r)
{
	struct conn *c = conn_of(w, r->key);
	const char *kind;

	if (r->flags == CONN_ACCEPTED) {
		span_over(w, c);
		*c = (struct conn){ .server = true, .span = NOBODY, .call = NOBODY,
			.generation = c->generation + 1 };
		leave(w, r->thread, r->ts);
		w->actors[r->thread].resumed = r->ts;
		return;
	}
	if (r->flags == CONN_OPENED)
		*c = (struct conn){ .span = NOBODY, .call = NOBODY };
	c->kind = (uint8_t)peer_part((uint16_t)r->value, &kind);
	c->peer = r->name;
	if (r->flags != CONN_OPENED)
		return;
	annotate(w, r, (enum run_part_kind)c->kind, c->peer);
	struct call *call = call_begin(w, c, r, r->from ? r->from : r->ts);
	call->connect = true;
	call->end = r->ts;
	c->connecting = true;
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void
on_sql(struct worker *w, struct rec *r, uint32_t index)
{
	struct thread_log *log = &w->a->threads[r->thread];
	uint32_t span = owner_now(w, r->thread, r->ts);
	*ARENA_PUSH(w->a->arena, log->sql, log->n_sql) = index;
	uint32_t *list = span == NOBODY ? &w->actors[r->thread].orphan_sql : &w->a->spans[span].sql;
	r->key = *list;
	*list = index;
}

static void
on_io(struct worker *w, const struct rec *r)
{
	struct conn *c = conn_of(w, r->key);
	if (r->flags & IO_SERVER)
		c->server = true;
	if (c->server)
		server_io(w, c, r);
	else
		client_io(w, c, r);
}

static void
take(struct worker *w, struct rec *r, uint32_t index)
{
	switch ((enum rec_kind)r->kind) {
	case REC_OFF: on_off(w, r, index); break;
	case REC_POLL: on_poll(w, r); break;
	case REC_IO: on_io(w, r); break;
	case REC_CONN: on_conn(w, r); break;
	case REC_FILE: annotate(w, r, PART_DISK, r->name); break;
	case REC_SQL: on_sql(w, r, index); break;
	case REC_ASK: on_ask(w, r); break;
	case REC_REPLY: on_reply(w, r); break;
	}
}

static int
by_time(const void *left, const void *right, void *ctx)
{
	uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;
	int64_t a = tape_at(ctx, l)->ts, b = tape_at(ctx, r)->ts;
	return a < b ? -1 : a > b ? 1 : l < r ? -1 : 1;
}

/* Records of different CPUs come about in order only. */
static uint32_t *
in_order(struct tape *t, const struct tape_window *win)
{
	uint32_t *order = malloc((win->n + 1) * sizeof(*order));
	if (!order)
		abort();
	for (size_t i = 0; i < win->n; i++)
		order[i] = (uint32_t)(win->first + i);
	qsort_r(order, win->n, sizeof(*order), by_time, t);
	return order;
}

static void
begin_window(struct worker *w, const struct tape_window *win)
{
	map_done(&w->conn_ids);
	map_done(&w->conns_read);
	w->first_span = w->a->n_spans;
	for (size_t i = 0; i < w->t->n_threads; i++)
		w->actors[i] = (struct actor){ .span = NOBODY, .segment = NOBODY,
			.last_open = NOBODY, .orphan_sql = NOBODY, .orphan_calls = NOBODY,
			.resumed = win->from, .answered = win->from, .off_mark = w->a->threads[i].n_off };
}

static void
end_window(struct worker *w, const struct tape_window *win)
{
	struct assembly *a = w->a;
	for (size_t i = 0; i < w->t->n_threads; i++)
		close_segment(w, &w->actors[i], win->to);
	for (size_t i = w->first_span; i < a->n_spans; i++)
		a->spans[i].complete = a->spans[i].answered;
}

struct assembly *
assemble(struct tape *t)
{
	struct assembly *a = calloc(1, sizeof(*a));
	if (!a)
		abort();
	a->tape = t;
	a->arena = arena_new();
	a->threads = arena_alloc(a->arena, (t->n_threads + 1) * sizeof(*a->threads));
	struct worker w = { .a = a, .t = t };
	w.actors = arena_alloc(a->arena, (t->n_threads + 1) * sizeof(*w.actors));
	for (size_t i = 0; i < t->n_windows; i++) {
		uint32_t *order = in_order(t, &t->windows[i]);
		begin_window(&w, &t->windows[i]);
		for (size_t j = 0; j < t->windows[i].n; j++)
			take(&w, tape_at(t, order[j]), order[j]);
		end_window(&w, &t->windows[i]);
		free(order);
	}
	map_done(&w.conn_ids);
	map_done(&w.conns_read);
	map_done(&w.lock_ids);
	return a;
}

void
assembly_free(struct assembly *a)
{
	if (!a)
		return;
	arena_free(a->arena);
	free(a);
}
