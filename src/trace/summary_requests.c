/* SPDX-License-Identifier: MIT */
/* requests.ndjson: single requests with their parts and calls, one a line; an even sample of all,
 * and the slowest of each route. Times are seconds of CLOCK_MONOTONIC. No literals. */
#include "trace/summary.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/file.h"

#define SAMPLE_MAX 4000
#define SLOWEST    16          /* of each route */
#define CALLS_MAX  200         /* of one request, newest */

static const char *
part_where(struct summary *s, const struct ledger_row *row)
{
	if (row->kind == PART_CPU)
		return NULL;
	return row->kind == PART_LOCK ? summary_lock_name(s, row->where) :
	    tape_text(s->a->tape, row->where);
}

static json_t *
parts_of(struct summary *s, const struct span *span)
{
	struct canvas canvas = { 0 };
	struct ledger_row *rows;
	json_t *list = json_array();
	paint_span(s->a, span, &canvas);
	size_t n = ledger_rows(&canvas.ledger, s->arena, &rows);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s*, s:f}", "kind",
		    part_kind_name(rows[i].kind), "where", part_where(s, &rows[i]), "seconds",
		    ns_to_s(rows[i].ns)));
	ledger_done(&canvas.ledger);
	return list;
}

static json_t *
call_object(struct summary *s, const struct call *c)
{
	const struct tape *t = s->a->tape;
	json_t *o = json_pack("{s:s*, s:s*, s:f, s:i, s:b, s:i}", "peer", tape_text(t, c->peer),
	    "statement", tape_text(t, c->statement), "start", ns_to_s(c->start), "sure", (int)c->sure,
	    "connect", c->connect, "thread", t->threads[c->thread].tid);
	if (c->end)
		json_object_set_new(o, "end", json_real(ns_to_s(c->end)));
	if (c->statement && c->read) {
		json_object_set_new(o, "rows", json_integer(c->rows));
		json_object_set_new(o, "bytes", json_integer(c->bytes));
	}
	if (c->error)
		json_object_set_new(o, "error", json_true());
	return o;
}

static json_t *
calls_of(struct summary *s, const struct span *span)
{
	json_t *list = json_array();
	for (uint32_t i = span->calls; i != NOBODY && json_array_size(list) < CALLS_MAX;
	    i = s->a->calls[i].next)
		json_array_insert_new(list, 0, call_object(s, &s->a->calls[i]));
	return list;
}

static void
add_line(struct summary *s, const struct span *span, struct buf *out)
{
	json_t *o = json_pack("{s:s*, s:i, s:f, s:f, s:f, s:o, s:o}", "route",
	    tape_text(s->a->tape, span->route), "thread",
	    s->a->tape->threads[span->writer].tid, "arrival", ns_to_s(span->arrival), "read",
	    ns_to_s(span->read), "end", ns_to_s(span->end), "parts", parts_of(s, span), "calls",
	    calls_of(s, span));
	CLEANUP(free_p) char *text = json_dumps(o, JSON_COMPACT);
	buf_puts(out, text ? text : "{}");
	buf_putc(out, '\n');
	json_decref(o);
}

static int
by_route_then_length(const void *left, const void *right, void *ctx)
{
	const struct span *spans = ctx;
	const struct span *l = &spans[*(const uint32_t *)left], *r = &spans[*(const uint32_t *)right];
	if (l->route != r->route)
		return l->route < r->route ? -1 : 1;
	int64_t a = l->end - l->arrival, b = r->end - r->arrival;
	return a > b ? -1 : a < b;
}

static bool *
mark_slowest(struct summary *s, const uint32_t *complete, size_t n)
{
	bool *marks = arena_alloc(s->arena, s->a->n_spans + 1);
	uint32_t *order = arena_alloc(s->arena, (n + 1) * sizeof(*order));
	size_t of_route = 0;
	for (size_t i = 0; i < n; i++)
		order[i] = complete[i];
	qsort_r(order, n, sizeof(*order), by_route_then_length, s->a->spans);
	for (size_t i = 0; i < n; i++) {
		bool same = i && s->a->spans[order[i]].route == s->a->spans[order[i - 1]].route;
		of_route = same ? of_route + 1 : 0;
		marks[order[i]] = of_route < SLOWEST;
	}
	return marks;
}

/* One in `step`, but not in step with a load that asks its routes in turn. */
static bool
in_sample(size_t i, size_t step)
{
	return (i * UINT64_C(0x9e3779b97f4a7c15) >> 32) % step == 0;
}

int
summary_requests(struct summary *s, struct err *e)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	uint32_t *complete = NULL;
	size_t n = 0;
	if (!s->r->folder)
		return 0;
	for (uint32_t i = 0; i < s->a->n_spans; i++)
		if (s->a->spans[i].complete)
			*ARENA_PUSH(s->arena, complete, n) = i;
	if (!n)
		return 0;
	const bool *slowest = mark_slowest(s, complete, n);
	size_t step = n / SAMPLE_MAX + 1;
	for (size_t i = 0; i < n; i++)
		if (in_sample(i, step) || slowest[complete[i]])
			add_line(s, &s->a->spans[complete[i]], &out);
	return file_write(arena_printf(s->arena, "%s/requests.ndjson", s->r->folder), buf_text(&out),
	    out.size, e);
}
