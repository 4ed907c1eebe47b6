/* SPDX-License-Identifier: MIT */
/* The records of a window in order of time, each to the file that knows its kind. */
#include "trace/assemble_int.h"

#include <stdlib.h>
#include <sys/syscall.h>

#define TIMES_MAX 2            /* that a tape is assembled again while that changes links */
#define DOUBT_MAX 0.01         /* of the calls; more is worth trying what is only likely */

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

static void
on_poll(struct worker *w, const struct rec *r)
{
	struct actor *actor = &w->actors[r->thread];
	struct thread_log *log = &w->a->threads[r->thread];
	int64_t began = r->from ? r->from : r->ts;

	run_end(w, r->thread);
	leave(w, r->thread, began);
	if (actor->polled) {
		int64_t ran = ran_between(w, r->thread, actor->polled, began);
		if (ran > log->longest_run) {
			log->longest_run = ran;
			log->longest_from = actor->polled;
			log->longest_to = began;
		}
	}
	log->polls++;
	log->epoll |= r->nr == SYS_epoll_wait || r->nr == SYS_epoll_pwait || r->nr == SYS_epoll_pwait2;
	actor->polled = actor->resumed = r->ts;
	actor->timed_out = !r->value && r->from;   /* one that did not wait only looked */
}

static void
on_conn(struct worker *w, const struct rec *r)
{
	struct conn *c = conn_of(w, r->key);
	const char *kind;

	if (r->flags == CONN_ACCEPTED) {
		span_over(w, c);
		*c = (struct conn){ .server = true, .span = NOBODY, .out = NOBODY, .last = NOBODY,
			.pool = NOBODY, .generation = c->generation + 1, .alike = r->at };
		leave(w, r->thread, r->ts);
		w->actors[r->thread].resumed = r->ts;
		return;
	}
	if (r->flags == CONN_OPENED)
		*c = (struct conn){ .span = NOBODY, .out = NOBODY, .last = NOBODY, .pool = c->pool };
	c->kind = (uint8_t)peer_part((uint16_t)r->value, &kind);
	c->peer = r->name;
	c->alike = r->at ? r->at : c->alike;
	if (!r->name)
		return;
	pool_join(w, c, w->t->threads[r->thread].pid);
	w->pools[c->pool].shared |= r->flags == CONN_STREAM;
	if (r->flags == CONN_OPENED)
		call_opened(w, c, r);
}

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

/* The questions and answers that were in this read or write lie right behind it. */
static void
collect_with(struct worker *w, const uint32_t *order, size_t n, struct moved *m)
{
	for (size_t i = 0; i < n; i++) {
		const struct rec *r = tape_at(w->t, order[i]);
		if (r->ts != m->io->ts || m->n == WITH_MAX)
			break;
		if ((r->kind == REC_ASK || r->kind == REC_REPLY) && r->key == m->io->key &&
		    r->thread == m->io->thread)
			m->with[m->n++] = r;
	}
}

static void
on_io(struct worker *w, const struct rec *r, const uint32_t *behind, size_t n_behind)
{
	struct conn *c = conn_of(w, r->key);
	struct moved m = { .io = r };
	if (r->flags & IO_SERVER)
		c->server = true;
	collect_with(w, behind, n_behind, &m);
	if (c->server)
		server_io(w, c, r);
	else
		client_io(w, c, &m);
	w->actors[r->thread].acted = r->ts;
}

/* order[at] is the record to take. */
static void
take(struct worker *w, const uint32_t *order, size_t at, size_t n)
{
	struct rec *r = tape_at(w->t, order[at]);
	switch ((enum rec_kind)r->kind) {
	case REC_OFF: on_off(w, r, order[at]); break;
	case REC_POLL: on_poll(w, r); break;
	case REC_IO: on_io(w, r, order + at + 1, n - at - 1); break;
	case REC_CONN: on_conn(w, r); break;
	case REC_FILE: annotate(w, r, PART_DISK, r->name); break;
	case REC_GC: *ARENA_PUSH(w->a->arena, w->a->threads[r->thread].gc,
	    w->a->threads[r->thread].n_gc) = order[at]; break;
	case REC_SQL: on_sql(w, r, order[at]); break;
	case REC_ASK: case REC_REPLY: break;   /* taken with their REC_IO */
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
begin_window(struct worker *w, const struct tape_window *win, const uint32_t *order)
{
	map_done(&w->conn_ids);
	map_done(&w->conns_read);
	map_done(&w->task_spans);
	map_done(&w->pool_ids);
	map_done(&w->own_calls);
	w->n_pools = 0;
	w->pools = NULL;
	w->first_span = w->a->n_spans;
	for (size_t i = 0; i < w->t->n_threads; i++)
		w->actors[i] = (struct actor){ .span = NOBODY, .segment = NOBODY,
			.last_open = NOBODY, .orphan_sql = NOBODY, .orphan_calls = NOBODY,
			.run_call = NOBODY, .run_told = NOBODY,
			.resumed = win->from, .answered = win->from, .acted = win->from,
			.off_mark = w->a->threads[i].n_off };
	find_before(w, win, order);
}

static void
end_window(struct worker *w, const struct tape_window *win)
{
	struct assembly *a = w->a;
	tasks_end(w);
	for (size_t i = 0; i < w->t->n_threads; i++)
		close_segment(w, &w->actors[i], win->to);
	for (size_t i = w->first_span; i < a->n_spans; i++)
		a->spans[i].complete = a->spans[i].answered && !a->spans[i].partial;
}

static void
worker_done(struct worker *w)
{
	struct map *maps[] = { &w->conn_ids, &w->conns_read, &w->lock_ids, &w->task_spans,
		&w->pool_ids, &w->own_calls };
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		map_done(maps[i]);
}

/* With what was learned before; NULL: nothing. */
static struct assembly *
assemble_with(struct tape *t, const struct book *book)
{
	struct assembly *a = calloc(1, sizeof(*a));
	if (!a)
		abort();
	a->tape = t;
	a->arena = arena_new();
	a->threads = arena_alloc(a->arena, (t->n_threads + 1) * sizeof(*a->threads));
	struct worker w = { .a = a, .t = t, .book = book };
	w.actors = arena_alloc(a->arena, (t->n_threads + 1) * sizeof(*w.actors));
	for (size_t i = 0; i < t->n_windows; i++) {
		uint32_t *order = in_order(t, &t->windows[i]);
		begin_window(&w, &t->windows[i], order);
		for (size_t j = 0; j < t->windows[i].n; j++)
			take(&w, order, j, t->windows[i].n);
		end_window(&w, &t->windows[i]);
		free(order);
	}
	worker_done(&w);
	return a;
}

/* Is there anything that what is learned could decide? */
static bool
leaves_doubt(const struct assembly *a)
{
	for (size_t i = 0; i < a->n_calls; i++)
		if (a->calls[i].sure < 100)
			return true;
	return false;
}

static bool
is_doubtful(const struct assembly *a)
{
	size_t doubtful = 0;
	for (size_t i = 0; i < a->n_calls; i++)
		doubtful += a->calls[i].sure < CALL_SURE && !a->calls[i].task;
	return (double)doubtful > DOUBT_MAX * (double)a->n_calls;
}

static void
list_loose(struct assembly *a)
{
	for (uint32_t i = 0; i < a->n_calls; i++)
		if (a->calls[i].span == NOBODY && !a->calls[i].connect)
			*ARENA_PUSH(a->arena, a->loose, a->n_loose) = i;
}

/* Once more, with what the last time taught. Whether that changes links. */
static bool
again(struct tape *t, struct assembly **a, bool bold, bool anyway)
{
	struct book *book = book_learn(*a, bold);
	bool differs = book_order(book, *a);
	if (differs || anyway) {
		assembly_free(*a);
		*a = assemble_with(t, book);
	}
	book_free(book);
	return differs;
}

/* Where much stays in doubt what is only likely is tried: links that it proves teach the rest. */
static void
learn(struct tape *t, struct assembly **a)
{
	again(t, a, false, true);
	for (int i = 0; i < TIMES_MAX && again(t, a, false, false); i++)
		continue;
	if (!is_doubtful(*a) || !again(t, a, true, false))
		return;
	for (int i = 0; i < TIMES_MAX && again(t, a, false, i == 0); i++)
		continue;
}

struct assembly *
assemble(struct tape *t)
{
	struct assembly *a = assemble_with(t, NULL);
	if (leaves_doubt(a))
		learn(t, &a);
	template_check(a);
	fetched_link(a);
	behind_link(a);
	prepared_name(a);
	list_loose(a);
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
