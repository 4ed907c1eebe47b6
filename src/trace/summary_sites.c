/* SPDX-License-Identifier: MIT */
/* Which functions of the application waited: the innermost ones of the stacks that were blocked;
 * and which handed work to a pool, whose requests wait for it though no thread does.
 *
 * Who of those is to blame its number of calls does not tell: a file is read in four, a password hashed
 * in one. libuv's own work (files, names of hosts) and that of others are told apart by the functions
 * in their stacks, on both sides of the pool; each share of the pool's time goes to those who hand over
 * such work, by number. */
#include "trace/summary.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define SITES_MAX 48
#define NAMELESS  "(anonymous)"

struct site { const struct frame *frame; const char *name; uint8_t kind; int64_t ns, count; };
struct sites { struct map ids; struct site *items; size_t n; };

enum work { WORK_OTHERS, WORK_OWN, WORKS };   /* of a pool: brought to libuv, or its own */
struct pool_time { int64_t ns[WORKS], handed[WORKS]; };

static bool
is_nameless(const struct frame *f)
{
	return !strncmp(f->name, NAMELESS, strlen(NAMELESS));
}

/* A function without a name is told with the nearest one above it, of the same file, that has one. */
static const char *
site_name(struct summary *s, uint32_t stack, const struct frame *own)
{
	struct stacks *all = s->in->stacks;
	bool above = false;
	for (size_t i = 0; is_nameless(own) && own->file && i < all->items[stack].n; i++) {
		const struct frame *f = stacks_frame(all, stack, i);
		if (above && f->application && f->file && !is_nameless(f) && !strcmp(f->file, own->file))
			return arena_printf(s->arena, "%s in %s", own->name, f->name);
		above |= f == own;
	}
	return own->name;
}

static void
add_stack(struct summary *s, struct sites *sites, uint32_t stack, enum run_part_kind kind,
    int64_t ns)
{
	const struct frame *own = stacks_own_frame(s->in->stacks, stack);
	struct { const struct frame *frame; uint64_t kind; } key = { own, kind };
	bool new;
	if (!own || !own->application || !own->named)
		return;
	uint64_t *at = map_at(&sites->ids, &key, sizeof(key), &new);
	if (new) {
		*at = sites->n;
		*ARENA_PUSH(s->arena, sites->items, sites->n) = (struct site){ .frame = own,
			.name = site_name(s, stack, own), .kind = (uint8_t)kind };
	}
	sites->items[*at].ns += ns;
	sites->items[*at].count++;
}

/* ---- the pool -------------------------------------------------------------------------------- */

static enum work
work_of(struct summary *s, uint32_t stack)
{
	static const char *const own[] = { "uv_fs_", "uv__fs_", "uv_getaddrinfo", "uv__getaddrinfo", "uv_getnameinfo",
		"uv__getnameinfo" };
	struct stacks *all = s->in->stacks;
	for (size_t i = 0; i < all->items[stack].n; i++)
		for (size_t k = 0; k < COUNT_OF(own); k++)
			if (!strncmp(stacks_frame(all, stack, i)->name, own[k], strlen(own[k])))
				return WORK_OWN;
	return WORK_OTHERS;
}

/* A thread that serves no connection and polls for none. */
static bool
is_beside(const struct summary *s, uint32_t thread)
{
	const struct thread_log *log = &s->a->threads[thread];
	return !log->heads && !log->n_segments && !log->polls;
}

/* The time of the threads beside the loops, computing or blocked; at a lock they wait for work. */
static struct pool_time
pool_time_of(struct summary *s)
{
	const struct tape *t = s->a->tape;
	struct pool_time p = { 0 };
	for (size_t i = 0; i < s->in->n_handed; i++)
		p.handed[work_of(s, s->in->handed[i].stack)]++;
	for (size_t i = 0; s->in->n_handed && i < t->n_samples; i++)
		if (is_beside(s, t->samples[i].thread))
			p.ns[work_of(s, t->samples[i].stack)] += (int64_t)(s->sample_seconds * 1e9);
	for (size_t i = 0; s->in->n_handed && i < s->in->n_waits; i++) {
		const struct wait_stack *w = &s->in->waits[i];
		if (!w->unlock && w->kind != PART_LOCK && is_beside(s, w->thread))
			p.ns[work_of(s, w->stack)] += w->ns;
	}
	return p;
}

static void
add_handed(struct summary *s, struct sites *sites)
{
	struct pool_time p = pool_time_of(s);
	for (size_t i = 0; i < s->in->n_handed; i++) {
		uint32_t stack = s->in->handed[i].stack;
		enum work work = work_of(s, stack);
		add_stack(s, sites, stack, PART_QUEUE, p.ns[work] / p.handed[work]);
	}
}

/* ---- all ------------------------------------------------------------------------------------- */

static int
longest_first(const void *left, const void *right)
{
	const struct site *l = left, *r = right;
	if (l->ns != r->ns)
		return l->ns > r->ns ? -1 : 1;
	return l->count > r->count ? -1 : l->count < r->count;
}

void
summary_sites(struct summary *s)
{
	struct sites sites = { 0 };
	struct run_trace *t = &s->r->evidence.trace;
	for (size_t i = 0; i < s->in->n_waits; i++)
		if (!s->in->waits[i].unlock && s->in->waits[i].stack && !summary_is_idle(s, &s->in->waits[i]))
			add_stack(s, &sites, s->in->waits[i].stack, (enum run_part_kind)s->in->waits[i].kind,
			    s->in->waits[i].ns);
	add_handed(s, &sites);
	sort_list(sites.items, sites.n, sizeof(*sites.items), longest_first);
	for (size_t i = 0; i < sites.n && i < SITES_MAX; i++) {
		const struct site *from = &sites.items[i];
		struct run_site *out = RUN_ADD(s->r, site, t->sites, t->n_sites);
		out->kind = (enum run_part_kind)from->kind;
		out->function = run_str(s->r, from->name);
		out->file = run_str(s->r, from->frame->file);
		out->line = from->frame->file ? from->frame->line : 0;
		out->seconds = ns_to_s(from->ns);
		out->stacks = from->count;
	}
	map_done(&sites.ids);
}
