/* SPDX-License-Identifier: MIT */
/* Single requests in full: the slowest of each route, and its median beside them.
 *
 * paint says what a request's time went to, but not when. Painted up to ever later instants, what
 * has come to it since the last one is what happened in between: an interval with more than one
 * thing in it is halved. */
#include "trace/summary.h"

#include <string.h>

#include "base/clock.h"

#define SLOWEST_A_ROUTE 3
#define SLOWEST_MAX     12
#define STRETCHES_MAX   48
#define LEAST_SHARE     500    /* a stretch shorter than this part of the request is not told */
#define HALVINGS        12
#define FINEST          2000   /* a part of the request that is too small to look for its place */
#define PAINTS_MAX      256    /* of one request: painting is not for nothing */
#define WHERE_BYTES     80     /* what a label can hold; run.json stays small */

struct piece {
	int64_t from, to;
	uint32_t where;            /* as in a ledger */
	enum run_part_kind kind;
};

struct instant {
	int64_t at;
	struct ledger until;       /* the request painted up to then */
};

struct drawing {
	struct summary *s;
	const struct span *span;
	struct arena *arena;
	struct instant *instants;  size_t n_instants;
	struct piece *pieces;      size_t n;
	int paints;
};

/* ---- from a request to pieces --------------------------------------------------------------- */

static struct ledger
painted_until(struct drawing *d, int64_t until)
{
	struct span part = *d->span;
	struct canvas canvas = { 0 };

	part.end = until;
	part.read = part.read < until ? part.read : until;
	paint_span(d->s->a, &part, &canvas);
	d->paints++;
	return canvas.ledger;
}

static bool
same_state(const struct piece *a, const struct piece *b)
{
	return a->kind == b->kind && a->where == b->where;
}

static void
put(struct drawing *d, struct piece p)
{
	struct piece *last = d->n ? &d->pieces[d->n - 1] : NULL;

	if (last && same_state(last, &p))
		last->to = p.to;
	else
		*ARENA_PUSH(d->arena, d->pieces, d->n) = p;
}

/* What came to `before` until `after`, most first; what became less was another guess about the
 * same time. */
static size_t
added(const struct drawing *d, const struct ledger *before, const struct ledger *after,
    struct ledger_row **ret)
{
	struct ledger change = { 0 };
	struct ledger_row *old;
	size_t n = 0, n_old = ledger_rows(before, d->arena, &old);

	ledger_add_all(&change, after);
	for (size_t i = 0; i < n_old; i++)
		ledger_add(&change, old[i].kind, old[i].where, -old[i].ns);
	size_t all = ledger_rows(&change, d->arena, ret);
	while (n < all && (*ret)[n].ns > 0)
		n++;
	ledger_done(&change);
	return n;
}

/* More than one thing in it, and not by so little that nobody would see it. */
static bool
is_mixed(const struct drawing *d, const struct instant *from, const struct instant *to)
{
	struct ledger_row *rows;
	size_t n = added(d, &from->until, &to->until, &rows);
	int64_t others = 0;

	for (size_t i = 1; i < n; i++)
		others += rows[i].ns;
	return others > (d->span->end - d->span->arrival) / FINEST;
}

/* A level finer: halve each interval that is mixed, as long as paints are left. */
static bool
refine(struct drawing *d)
{
	struct instant *finer = NULL;
	size_t n = 0;

	for (size_t i = 0; i < d->n_instants; i++) {
		struct instant *at = &d->instants[i], *next = at + 1;
		*ARENA_PUSH(d->arena, finer, n) = *at;
		if (i + 1 == d->n_instants || next->at - at->at < 2 || d->paints >= PAINTS_MAX ||
		    !is_mixed(d, at, next))
			continue;
		int64_t middle = at->at + (next->at - at->at) / 2;
		*ARENA_PUSH(d->arena, finer, n) = (struct instant){ middle, painted_until(d, middle) };
	}
	bool found = n > d->n_instants;
	d->instants = finer;
	d->n_instants = n;
	return found;
}

/* Of what happened between two instants the most is told. */
static void
draw(struct drawing *d)
{
	const struct span *span = d->span;
	struct ledger_row *rows;

	*ARENA_PUSH(d->arena, d->instants, d->n_instants) = (struct instant){ .at = span->arrival };
	*ARENA_PUSH(d->arena, d->instants, d->n_instants) =
	    (struct instant){ span->end, painted_until(d, span->end) };
	for (int level = 0; level < HALVINGS && refine(d); level++)
		;
	for (size_t i = 0; i + 1 < d->n_instants; i++) {
		const struct instant *from = &d->instants[i], *to = from + 1;
		size_t n = added(d, &from->until, &to->until, &rows);
		put(d, n ? (struct piece){ from->at, to->at, rows[0].where, rows[0].kind }
		    : (struct piece){ from->at, to->at, 0, PART_OTHER });
	}
	for (size_t i = 0; i < d->n_instants; i++)
		ledger_done(&d->instants[i].until);
}

/* ---- fewer pieces --------------------------------------------------------------------------- */

static int64_t
length(const struct piece *p)
{
	return p->to - p->from;
}

static void
remove_piece(struct drawing *d, size_t i)
{
	memmove(&d->pieces[i], &d->pieces[i + 1], (d->n - i - 1) * sizeof(*d->pieces));
	d->n--;
}

/* Give a piece to its longer neighbour; what then stands side by side and is the same, is one. */
static void
absorb(struct drawing *d, size_t i)
{
	struct piece *p = d->pieces;
	bool left = i + 1 == d->n || (i && length(&p[i - 1]) >= length(&p[i + 1]));
	size_t to = left ? i - 1 : i + 1;

	p[to].from = p[to].from < p[i].from ? p[to].from : p[i].from;
	p[to].to = p[to].to > p[i].to ? p[to].to : p[i].to;
	remove_piece(d, i);
	if (i && i < d->n && same_state(&p[i - 1], &p[i])) {
		p[i - 1].to = p[i].to;
		remove_piece(d, i);
	}
}

static void
absorb_small(struct drawing *d)
{
	int64_t least = (d->span->end - d->span->arrival) / LEAST_SHARE;

	while (d->n > 1) {
		size_t smallest = 0;
		for (size_t i = 1; i < d->n; i++)
			if (length(&d->pieces[i]) < length(&d->pieces[smallest]))
				smallest = i;
		if (length(&d->pieces[smallest]) >= least && d->n <= STRETCHES_MAX)
			return;
		absorb(d, smallest);
	}
}

/* ---- into the run --------------------------------------------------------------------------- */

static const char *
label(struct summary *s, const char *text)
{
	size_t n = WHERE_BYTES;

	if (!text || strlen(text) <= n)
		return run_str(s->r, text);
	while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return run_printf(s->r, "%.*s\xe2\x80\xa6", (int)n, text);
}

static void
add_stretch(struct summary *s, struct run_exemplar *e, const struct span *span,
    const struct piece *p)
{
	struct computed what = { p->kind, NULL };

	if (p->kind == PART_CPU)
		what = summary_computed(s, p->where - 1, p->from, p->to);
	else if (p->kind == PART_LOCK)
		what.where = summary_lock_name(s, p->where);
	else
		what.where = tape_text(s->a->tape, p->where);
	struct run_stretch *out = RUN_ADD(s->r, stretch, e->stretches, e->n_stretches);
	out->kind = what.kind;
	out->where = label(s, what.where);
	out->at = ns_to_s(p->from - span->arrival);
	out->seconds = ns_to_s(length(p));
}

static void
add_exemplar(struct summary *s, const struct route_group *route, size_t which, const char *rank)
{
	struct run_trace *t = &s->r->evidence.trace;
	const struct span *span = &s->a->spans[route->spans[which]];
	struct drawing d = { .s = s, .span = span, .arena = arena_new() };

	draw(&d);
	absorb_small(&d);
	struct run_exemplar *e = RUN_ADD(s->r, exemplar, t->exemplars, t->n_exemplars);
	e->route = run_str(s->r, tape_text(s->a->tape, route->name));
	e->rank = rank;
	e->seconds = ns_to_s(span->end - span->arrival);
	e->at = ns_to_s(span->arrival - s->a->tape->windows[0].from);
	for (size_t i = 0; i < d.n; i++)
		add_stretch(s, e, span, &d.pieces[i]);
	arena_free(d.arena);
}

void
summary_exemplars(struct summary *s)
{
	size_t routes = s->n_groups < SLOWEST_MAX ? s->n_groups : SLOWEST_MAX;
	size_t each = routes ? SLOWEST_MAX / routes : 0;

	each = each < SLOWEST_A_ROUTE ? each : SLOWEST_A_ROUTE;
	for (size_t i = 0; i < routes; i++) {
		const struct route_group *route = &s->groups[i];
		for (size_t k = 0; k < each && k < route->n; k++)
			add_exemplar(s, route, k, "slowest");
		if (route->n / 2 >= each)
			add_exemplar(s, route, route->n / 2, "typical");
	}
}
