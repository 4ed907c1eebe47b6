/* SPDX-License-Identifier: MIT */
/* Which functions of the application waited: the innermost ones of the stacks that were blocked;
 * and which handed work to a pool, whose requests wait for it though no thread does. */
#include "trace/summary.h"

#include <string.h>

#include "base/clock.h"

#define SITES_MAX 48

struct site { const struct frame *frame; uint8_t kind; int64_t ns, count; };
struct sites { struct map ids; struct site *items; size_t n; };

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
			.kind = (uint8_t)kind };
	}
	sites->items[*at].ns += ns;
	sites->items[*at].count++;
}

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
	for (size_t i = 0; i < s->in->n_handed; i++)
		add_stack(s, &sites, s->in->handed[i].stack, PART_QUEUE, 0);
	sort_list(sites.items, sites.n, sizeof(*sites.items), longest_first);
	for (size_t i = 0; i < sites.n && i < SITES_MAX; i++) {
		const struct site *from = &sites.items[i];
		struct run_site *out = RUN_ADD(s->r, site, t->sites, t->n_sites);
		out->kind = (enum run_part_kind)from->kind;
		out->function = run_str(s->r, from->frame->name);
		out->file = run_str(s->r, from->frame->file);
		out->line = from->frame->file ? from->frame->line : 0;
		out->seconds = ns_to_s(from->ns);
		out->stacks = from->count;
	}
	map_done(&sites.ids);
}
