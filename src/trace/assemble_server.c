/* SPDX-License-Identifier: MIT */
/* The server's side of connections: requests are read, responses are written. */
#include "trace/assemble_int.h"

#define LARGE_PIECE 4096   /* bytes: such a piece of an answer fills what the socket has free */

void
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
request_read(struct worker *w, struct conn *c, const struct rec *r, uint32_t route)
{
	struct assembly *a = w->a;
	struct actor *actor = &w->actors[r->thread];

	if (actor->acted != r->ts)     /* else one of several that this read brought */
		run_end(w, r->thread);
	/* The writer may lose its CPU inside the write, after the bytes have gone: the next request
	 * on the connection proves that they had. */
	if (c->span != NOBODY && r->at && r->at < a->spans[c->span].end &&
	    r->at > a->spans[c->span].read)
		a->spans[c->span].end = r->at;
	span_over(w, c);
	note_return(w, c, r);
	leave(w, r->thread, r->ts);
	actor->resumed = r->ts;
	c->span = span_new(w, &(struct span){ .arrival = r->at && r->at < r->ts ? r->at : r->ts,
		.read = r->ts, .route = route, .thread = r->thread, .alike = is_behind(w, c, r->thread) ? c->alike : 0 });
	run_add(actor, c->span, NOBODY);
	if (r->task)
		task_reads(w, r, c->span);
	actor->open++;
	actor->last_open = c->span;
	a->threads[r->thread].heads++;
	actor->orphan_sql = actor->orphan_calls = NOBODY;
	work_for(w, r->thread, c->span, r->ts, r->ts, (struct gap){ .call = NOBODY });
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

/* Since when the thread worked for the span whose response it writes now, unseen. */
static int64_t
began_at(const struct worker *w, const struct span *s, const struct rec *r)
{
	const struct actor *actor = &w->actors[r->thread];
	int64_t start = actor->resumed > s->read ? actor->resumed : s->read;
	if (r->task)
		start = actor->acted > start ? actor->acted : start;
	else if (s->thread != r->thread && !w->a->threads[r->thread].heads)
		start = handed_over_at(w, r->thread, s);
	return start < r->ts ? start : r->ts;
}

/* A loop goes on with a large answer when the socket has room again: small pieces come when there is
 * something to tell. */
static void
work_on_response(struct worker *w, uint32_t span, const struct rec *r)
{
	const struct span *s = &w->a->spans[span];
	const struct actor *actor = &w->actors[r->thread];
	struct gap gap = gap_unknown(actor);
	int64_t start = began_at(w, s, r);
	if (s->thread != r->thread && !s->answered && !r->task) {
		gap.kind = PART_QUEUE;
		gap.where = tape_name(w->t, "worker queue");
	} else if (s->answered && !actor->timed_out && r->value >= LARGE_PIECE) {
		gap.kind = PART_NET;   /* no peer: the client */
	}
	if (r->task)
		work_for(w, r->thread, span, start, start, gap);
	else
		work_for(w, r->thread, span, actor->span == NOBODY ? start : r->ts, r->ts, gap);
}

static void
response_written(struct worker *w, struct conn *c, const struct rec *r)
{
	struct actor *actor = &w->actors[r->thread];
	if (c->span == NOBODY)
		return;
	if (r->task)
		task_answers(w, r, c->span);
	else
		run_answers(w, r->thread, c->span);
	if (actor->span != c->span || actor->segment == NOBODY)
		work_on_response(w, c->span, r);
	struct span *s = &w->a->spans[c->span];
	if (!s->answered && w->actors[s->thread].open)
		w->actors[s->thread].open--;
	s->answered = true;
	s->writer = r->thread;
	s->end = r->ts;
	actor->answered = r->ts;
}

/* Go's net/http has a goroutine wait for one byte while a request is handled. When that byte is the
 * first of the next request, no read begins with its head: what it is stays unknown, but it is one. */
static bool
is_stolen_byte(const struct worker *w, const struct conn *c, const struct rec *r)
{
	return r->task & TASK_GO && r->value == 1 && c->span != NOBODY && w->a->spans[c->span].answered;
}

static void
unknown_request(struct worker *w, struct conn *c, const struct rec *r)
{
	span_over(w, c);
	c->span = span_new(w, &(struct span){ .arrival = r->ts, .read = r->ts, .thread = r->thread,
		.partial = true });
	w->actors[r->thread].open++;
}

void
server_io(struct worker *w, struct conn *c, const struct rec *r)
{
	bool head = r->flags & IO_HEAD;
	if (r->flags & IO_WRITE)
		response_written(w, c, r);
	else if (head && r->name)
		request_read(w, c, r, is_behind(w, c, r->thread) ? behind_route(w, r->name) : r->name);
	else if (r->value && behind_begins(w, c, r->thread))
		request_read(w, c, r, behind_route(w, 0));
	else if (is_stolen_byte(w, c, r))
		unknown_request(w, c, r);
	else if (c->span != NOBODY && !w->a->spans[c->span].answered) {
		uint32_t client = tape_name(w->t, "request body");
		annotate(w, r, PART_NET, client);
		run_end(w, r->thread);
		run_add(&w->actors[r->thread], c->span, NOBODY);
		if (r->task)
			task_reads(w, r, c->span);
		work_for(w, r->thread, c->span, r->ts, r->ts, (struct gap){ .kind = PART_NET,
			.where = client, .call = NOBODY, .arrival = r->at });
	}
}

