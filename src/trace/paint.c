/* SPDX-License-Identifier: MIT */
#include "trace/paint_int.h"

#include <stdlib.h>

#define HOLDER_DEPTH_MAX 16
#define SQL_NESTING_MAX  64    /* executions that may end after the stretch and yet overlap it */

/* ---- ledger -------------------------------------------------------------------------------- */

struct ledger_key { uint32_t kind, where; };

void
ledger_add(struct ledger *l, enum run_part_kind kind, uint32_t where, int64_t ns)
{
	struct ledger_key key = { kind, where };
	if (ns)
		*map_at(&l->rows, &key, sizeof(key), NULL) += (uint64_t)ns;
}

static struct ledger_row
row_of(const struct map_slot *slot)
{
	const struct ledger_key *key = slot->key;
	return (struct ledger_row){ (enum run_part_kind)key->kind, key->where, (int64_t)slot->value };
}

void
ledger_add_all(struct ledger *to, const struct ledger *from)
{
	size_t at = 0;
	for (const struct map_slot *s; (s = map_next(&from->rows, &at)); ) {
		struct ledger_row row = row_of(s);
		ledger_add(to, row.kind, row.where, row.ns);
	}
}

static int
largest_first(const void *left, const void *right)
{
	const struct ledger_row *l = left, *r = right;
	if (l->ns != r->ns)
		return l->ns > r->ns ? -1 : 1;
	if (l->kind != r->kind)
		return l->kind < r->kind ? -1 : 1;
	return l->where < r->where ? -1 : l->where > r->where;
}

size_t
ledger_rows(const struct ledger *l, struct arena *arena, struct ledger_row **ret)
{
	struct ledger_row *rows = arena_alloc(arena, (l->rows.count + 1) * sizeof(*rows));
	size_t n = 0, at = 0;
	for (const struct map_slot *s; (s = map_next(&l->rows, &at)); )
		rows[n++] = row_of(s);
	qsort(rows, n, sizeof(*rows), largest_first);
	*ret = rows;
	return n;
}

int64_t
ledger_sum(const struct ledger *l)
{
	int64_t sum = 0;
	size_t at = 0;
	for (const struct map_slot *s; (s = map_next(&l->rows, &at)); )
		sum += (int64_t)s->value;
	return sum;
}

void
ledger_done(struct ledger *l)
{
	map_done(&l->rows);
}

/* ---- threads ------------------------------------------------------------------------------- */

struct stretch {
	const struct assembly *a;
	struct canvas *canvas;
	uint32_t thread, resolve;
	int depth;
	int64_t from, to;
	int64_t off;               /* not on CPU */
	int64_t in_sql;            /* of that, inside statements, without waiting for a CPU */
	int64_t queued_in_sql;
};

size_t
first_after(const struct assembly *a, const uint32_t *items, size_t n, int64_t from)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (tape_at(a->tape, items[middle])->ts <= from)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void paint_stretch(struct stretch *s);

static uint32_t
thread_by_tid(const struct assembly *a, uint32_t tid)
{
	int key = (int)tid;
	uint64_t *at = tid ? map_find(&a->tape->thread_ids, &key, sizeof(key)) : NULL;
	return at ? (uint32_t)*at : NOBODY;
}

static void
note_wait(struct stretch *s, const struct rec *off, int64_t from, int64_t to)
{
	struct canvas *c = s->canvas;
	if (!c->arena || to <= from)
		return;
	struct waiting *w = ARENA_PUSH(c->arena, c->waits, c->n_waits);
	*w = (struct waiting){ .from = from, .to = to, .kind = PART_LOCK, .where = off->name,
		.call = NOBODY,
		.holder = off->flags & OFF_BY_FUTEX ? thread_by_tid(s->a, off->value) : NOBODY };
}

/* A wait for a lock whose holder is asked for: what did the holder do then? */
static bool
follow_holder(struct stretch *s, const struct rec *off, int64_t from, int64_t to)
{
	if (!s->resolve || off->name != s->resolve || s->depth >= HOLDER_DEPTH_MAX)
		return false;
	uint32_t holder = off->flags & OFF_BY_FUTEX ? thread_by_tid(s->a, off->value) : NOBODY;
	if (holder == NOBODY || holder == s->thread)
		return false;
	struct stretch inner = { .a = s->a, .canvas = s->canvas, .thread = holder,
		.resolve = s->resolve, .depth = s->depth + 1, .from = from, .to = to };
	paint_stretch(&inner);
	return true;
}

static enum run_part_kind
part_painted(const struct assembly *a, const struct rec *off)
{
	enum run_part_kind part = off_part(off);
	if (part == PART_LOCK && off->name && !(off->flags & OFF_BY_FUTEX) &&
	    !a->locks[off->name - 1].woken)
		return PART_SLEEP;
	return part == PART_NONE ? PART_OTHER : part;
}

static void
paint_blocked(struct stretch *s, const struct rec *off, int64_t from, int64_t to)
{
	enum run_part_kind part = part_painted(s->a, off);
	if (to <= from)
		return;
	if (off_part(off) != PART_NONE)
		s->canvas->blocked += to - from;
	if (off->flags & OFF_IN_SQL) {
		s->in_sql += to - from;
		return;
	}
	if (part == PART_LOCK) {
		note_wait(s, off, from, to);
		if (follow_holder(s, off, from, to))
			return;
	}
	uint32_t where = part == PART_SLEEP ? 0 : off->name;
	ledger_add(&s->canvas->ledger, part, where, to - from);
}

static void
paint_off(struct stretch *s, const struct rec *off)
{
	int64_t from = off->from > s->from ? off->from : s->from;
	int64_t to = off->ts < s->to ? off->ts : s->to;
	if (to <= from)
		return;
	s->off += to - from;
	int64_t woken = off->flags & OFF_PREEMPTED ? off->from : off->at ? off->at : off->ts;
	woken = woken < from ? from : woken > to ? to : woken;
	paint_blocked(s, off, from, woken);
	ledger_add(&s->canvas->ledger, PART_RUNQUEUE, 0, to - woken);
	if (off->flags & OFF_IN_SQL)
		s->queued_in_sql += to - woken;
}

/* Statements: their busy time, spread evenly over each execution, is taken from what would be
 * CPU; what was blocked inside them is already left out. */
static int64_t
paint_statements(struct stretch *s, int64_t cpu)
{
	const struct thread_log *log = &s->a->threads[s->thread];
	int64_t budget = cpu + s->in_sql, spent = 0;
	size_t after = 0;
	for (size_t i = first_after(s->a, log->sql, log->n_sql, s->from);
	    i < log->n_sql && after < SQL_NESTING_MAX; i++) {
		const struct rec *r = tape_at(s->a->tape, log->sql[i]);
		int64_t whole = r->ts - r->from, inside = overlap(r->from, r->ts, s->from, s->to);
		after += r->ts > s->to;
		if (!inside || whole <= 0)
			continue;
		double part = (double)inside / (double)whole;
		int64_t busy = inside == whole ? r->at : (int64_t)((double)r->at * part);
		busy = busy < budget - spent ? busy : budget - spent;
		ledger_add(&s->canvas->ledger, PART_DB, r->name, busy);
		spent += busy;
	}
	return budget - spent;
}

static void
paint_stretch(struct stretch *s)
{
	const struct thread_log *log = &s->a->threads[s->thread];
	if (s->to <= s->from)
		return;
	if (s->canvas->visit)
		s->canvas->visit(s->canvas->ctx, s->thread, s->from, s->to);
	for (size_t i = first_after(s->a, log->off, log->n_off, s->from); i < log->n_off; i++) {
		const struct rec *off = tape_at(s->a->tape, log->off[i]);
		if (off->from >= s->to)
			break;
		paint_off(s, off);
	}
	int64_t cpu = s->to - s->from - s->off;
	ledger_add(&s->canvas->ledger, PART_CPU, s->thread + 1, paint_statements(s, cpu < 0 ? 0 : cpu));
}

void
paint_thread(const struct assembly *a, uint32_t thread, int64_t from, int64_t to,
    uint32_t resolve, struct canvas *c)
{
	struct stretch s = { .a = a, .canvas = c, .thread = thread, .resolve = resolve, .from = from,
		.to = to };
	paint_stretch(&s);
}
