/* SPDX-License-Identifier: MIT */
/* What the lists share: samples by thread, names of locks, ledgers as parts. */
#include "trace/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/same.h"
#include "base/search.h"
#include "trace/inlined.h"

#define PARTS_MAX      48
#define SHARE_MIN      0.001   /* smaller parts are added to their kind's rest */

static int
by_sample_time(const void *left, const void *right, void *ctx)
{
	const struct tape *t = ctx;
	int64_t a = t->samples[*(const uint32_t *)left].time;
	int64_t b = t->samples[*(const uint32_t *)right].time;
	return a < b ? -1 : a > b;
}

static void
sort_samples(struct summary *s)
{
	struct tape *t = s->a->tape;
	s->samples = arena_alloc(s->arena, (t->n_threads + 1) * sizeof(*s->samples));
	s->n_samples = arena_alloc(s->arena, (t->n_threads + 1) * sizeof(*s->n_samples));
	for (size_t i = 0; i < t->n_samples; i++) {
		uint32_t thread = t->samples[i].thread;
		*ARENA_PUSH(s->arena, s->samples[thread], s->n_samples[thread]) = (uint32_t)i;
	}
	for (size_t i = 0; i < t->n_threads; i++)
		if (s->n_samples[i])
			qsort_r(s->samples[i], s->n_samples[i], sizeof(uint32_t), by_sample_time, t);
}

/* Before a stack is looked at: what was inlined where much was seen. */
static void
expand_stacks(struct summary *s)
{
	const struct tape *t = s->a->tape;
	int64_t *counts = arena_alloc(s->arena, (s->in->stacks->n + 1) * sizeof(*counts));
	for (size_t i = 0; i < t->n_samples; i++)
		counts[t->samples[i].stack]++;
	for (size_t i = 0; i < s->in->n_waits; i++)
		counts[s->in->waits[i].stack]++;
	inlined_expand(s->in->stacks, counts);
}

struct summary *
summary_new(struct assembly *a, struct intake *in, struct run *r, int64_t sample_period_ns)
{
	struct summary *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->a = a;
	s->in = in;
	s->r = r;
	s->arena = arena_new();
	s->sample_seconds = ns_to_s(sample_period_ns);
	s->views = arena_alloc(s->arena, (in->stacks->n + 1) * sizeof(*s->views));
	s->lock_names = arena_alloc(s->arena, (a->n_locks + 1) * sizeof(*s->lock_names));
	s->lock_sites = arena_alloc(s->arena, (a->n_locks + 1) * sizeof(*s->lock_sites));
	sort_samples(s);
	expand_stacks(s);
	return s;
}

void
summary_free(struct summary *s)
{
	if (!s)
		return;
	arena_free(s->arena);
	free(s);
}

/* ---- stacks -------------------------------------------------------------------------------- */

static bool
is_collector(const char *function)
{
	static const char *const marks[] = {
		"v8::internal::Heap::CollectGarbage", "v8::internal::Heap::PerformGarbageCollection",
		"v8::internal::Scavenger", "v8::internal::MarkCompact", "v8::internal::ConcurrentMarking",
		"gc_collect_main", "gcollect", "runtime.gcBgMarkWorker", "runtime.gcDrain",
		"G1ParTask", "ParallelGC",
	};
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(function, marks[i]))
			return true;
	return false;
}

const struct stack_view *
summary_view(struct summary *s, uint32_t stack)
{
	struct stack_view *v = &s->views[stack];
	if (v->known)
		return v;
	v->known = true;
	for (size_t i = 0; i < s->in->stacks->items[stack].n; i++) {
		const struct frame *f = stacks_frame(s->in->stacks, stack, i);
		v->gc |= is_collector(f->name);
		v->statement |= !strcmp(f->name, "sqlite3_step");
		v->sync |= !strcmp(f->name, "do_fsync") || !strcmp(f->name, "vfs_fsync_range");
	}
	const struct frame *own = stacks_own_frame(s->in->stacks, stack);
	v->function = own ? tape_name(s->a->tape, own->name) : 0;
	return v;
}

size_t
summary_first_sample(const struct summary *s, uint32_t thread, int64_t from)
{
	return FIRST_WHERE(i, s->n_samples[thread], s->a->tape->samples[s->samples[thread][i]].time >= from);
}

#define GC_MARK (UINT32_C(1) << 31)
#define DB_MARK (UINT32_C(1) << 30)   /* inside SQLite, whose statements could not be probed */
#define SYNC_MARK (UINT32_C(1) << 29) /* the kernel's own work of an fsync */

void
tally_visit(void *ctx, uint32_t thread, int64_t from, int64_t to)
{
	struct tally_ctx *c = ctx;
	struct summary *s = c->s;
	for (size_t i = summary_first_sample(s, thread, from); i < s->n_samples[thread]; i++) {
		const struct tape_sample *sample = &s->a->tape->samples[s->samples[thread][i]];
		if (sample->time >= to)
			break;
		const struct stack_view *v = summary_view(s, sample->stack);
		if ((v->statement && s->a->threads[thread].n_sql) ||
		    (v->gc && s->a->threads[thread].n_gc))
			continue;
		uint32_t key = v->gc ? GC_MARK : v->statement ? DB_MARK : v->sync ? SYNC_MARK : v->function;
		(*map_at(&c->tally->functions, &key, sizeof(key), NULL))++;
		c->tally->n++;
	}
}

const char *
summary_function_name(const struct summary *s, uint32_t key)
{
	return key == GC_MARK ? "garbage collection" : key == DB_MARK ? "SQLite" :
	    key == SYNC_MARK ? "fsync" : tape_text(s->a->tape, key);
}

/* ---- locks --------------------------------------------------------------------------------- */

/* The stack in which most of the time at this lock was spent; 0 none. */
static uint32_t
heaviest_stack(struct summary *s, const struct lock *l, bool unlock)
{
	struct ledger votes = { 0 };
	struct ledger_row *rows;
	const struct intake *in = s->in;
	for (size_t i = 0; i < in->n_waits; i++) {
		const struct wait_stack *w = &in->waits[i];
		if (w->key == l->key && w->unlock == unlock && s->a->tape->threads[w->thread].pid == l->pid)
			ledger_add(&votes, PART_LOCK, w->stack, w->ns);
	}
	uint32_t stack = ledger_rows(&votes, s->arena, &rows) ? rows[0].where : 0;
	ledger_done(&votes);
	return stack;
}

/* The function that releases the lock, unless that is a caller of the one that takes it: then the
 * release was the last thing that one did, a jump that leaves no frame. */
static const char *
lock_site(struct summary *s, const struct lock *l)
{
	uint32_t taking = heaviest_stack(s, l, false), releasing = heaviest_stack(s, l, true);
	const char *taker = tape_text(s->a->tape, summary_view(s, taking)->function);
	const char *releaser = tape_text(s->a->tape, summary_view(s, releasing)->function);
	if (!releaser || (taker && stacks_contains(s->in->stacks, taking, releaser)))
		return taker;
	return releaser;
}

const char *
summary_lock_site(struct summary *s, uint32_t lock)
{
	if (!lock)
		return NULL;
	const char **site = &s->lock_sites[lock - 1];
	if (!*site)
		*site = lock_site(s, &s->a->locks[lock - 1]);
	return *site;
}

const char *
summary_lock_name(struct summary *s, uint32_t lock)
{
	if (!lock)
		return "file lock";
	const char **name = &s->lock_names[lock - 1];
	if (*name)
		return *name;
	const struct lock *l = &s->a->locks[lock - 1];
	*name = symbols_data_name(s->in->symbols, l->pid, l->key);
	if (*name && !strncmp(*name, "_PyRuntime", 10))
		*name = "Python GIL";
	if (*name)
		return *name;
	uint32_t stack = heaviest_stack(s, l, false);
	const char *function = tape_text(s->a->tape, summary_view(s, stack)->function);
	*name = function ? arena_printf(s->arena, "lock in %s", function) : "unnamed lock";
	return *name;
}

/* ---- parts --------------------------------------------------------------------------------- */

struct draft { enum run_part_kind kind; const char *where; double ns; };

struct drafts { struct arena *arena; struct draft *items; size_t n; };

static void
draft_add(struct drafts *d, enum run_part_kind kind, const char *where, double ns)
{
	for (size_t i = 0; i < d->n; i++) {
		struct draft *at = &d->items[i];
		if (at->kind == kind && text_same(at->where, where)) {
			at->ns += ns;
			return;
		}
	}
	*ARENA_PUSH(d->arena, d->items, d->n) = (struct draft){ kind, where, ns };
}

/* The file that this group of requests syncs most; without one, the call. */
static const char *
synced_file(const struct drafts *d)
{
	const struct draft *most = NULL;
	for (size_t i = 0; i < d->n; i++)
		if (d->items[i].kind == PART_DISK && d->items[i].where && strstr(d->items[i].where, "sync ") &&
		    (!most || d->items[i].ns > most->ns))
			most = &d->items[i];
	return most ? most->where : "fsync";
}

/* What a key of a tally stands for; `synced`: the file that an fsync was of. */
static struct computed
computed_of(const struct summary *s, uint32_t key, const char *synced)
{
	switch (key) {
	case GC_MARK:   return (struct computed){ PART_GC, NULL };
	case DB_MARK:   return (struct computed){ PART_DB, "SQLite" };
	case SYNC_MARK: return (struct computed){ PART_DISK, synced };
	default:        return (struct computed){ PART_CPU, tape_text(s->a->tape, key) };
	}
}

static void
draft_cpu(struct summary *s, struct drafts *d, const struct tally *t, double ns)
{
	size_t at = 0;
	if (!t || !t->n) {
		draft_add(d, PART_CPU, NULL, ns);
		return;
	}
	for (const struct map_slot *slot; (slot = map_next(&t->functions, &at)); ) {
		struct computed c = computed_of(s, *(const uint32_t *)slot->key, synced_file(d));
		draft_add(d, c.kind, c.where, ns * (double)slot->value / (double)t->n);
	}
}

struct computed
summary_computed(struct summary *s, uint32_t thread, int64_t from, int64_t to)
{
	struct tally tally = { 0 };
	uint64_t most = 0;
	uint32_t key = 0;
	size_t at = 0;

	tally_visit(&(struct tally_ctx){ s, &tally }, thread, from, to);
	for (const struct map_slot *slot; (slot = map_next(&tally.functions, &at)); )
		if (slot->value > most) {
			most = slot->value;
			key = *(const uint32_t *)slot->key;
		}
	map_done(&tally.functions);
	return computed_of(s, key, "fsync");
}

static int
by_ns(const void *left, const void *right)
{
	const struct draft *l = left, *r = right;
	return l->ns > r->ns ? -1 : l->ns < r->ns;
}

static void
fold_small(struct drafts *d, double sum)
{
	struct drafts kept = { .arena = d->arena };
	sort_list(d->items, d->n, sizeof(*d->items), by_ns);
	for (size_t i = 0; i < d->n; i++) {
		bool small = i >= PARTS_MAX || d->items[i].ns < sum * SHARE_MIN;
		draft_add(&kept, d->items[i].kind, small ? NULL : d->items[i].where, d->items[i].ns);
	}
	sort_list(kept.items, kept.n, sizeof(*kept.items), by_ns);
	*d = kept;
}

void
summary_parts(struct summary *s, const struct ledger *l, const struct tally *t, double requests,
    struct run_part **ret, size_t *ret_n)
{
	struct drafts d = { .arena = s->arena };
	struct ledger_row *rows;
	double sum = 0, cpu = 0;
	size_t n = ledger_rows(l, s->arena, &rows);

	for (size_t i = 0; i < n; i++) {
		sum += (double)rows[i].ns;
		if (rows[i].kind == PART_CPU)
			cpu += (double)rows[i].ns;
		else if (rows[i].kind == PART_LOCK)
			draft_add(&d, PART_LOCK, summary_lock_name(s, rows[i].where), (double)rows[i].ns);
		else
			draft_add(&d, rows[i].kind, tape_text(s->a->tape, rows[i].where), (double)rows[i].ns);
	}
	if (cpu > 0)
		draft_cpu(s, &d, t, cpu);
	fold_small(&d, sum);
	for (size_t i = 0; i < d.n && sum > 0; i++) {
		struct run_part *p = RUN_ADD(s->r, part, *ret, *ret_n);
		p->kind = d.items[i].kind;
		p->where = run_str(s->r, d.items[i].where);
		p->share = d.items[i].ns / sum;
		p->seconds = requests > 0 ? d.items[i].ns / 1e9 / requests : d.items[i].ns / 1e9;
	}
}
