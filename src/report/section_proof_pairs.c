/* SPDX-License-Identifier: MIT */
/* The blocks that the comparison rests on, in the order in which they were measured. */
#include "report/section.h"

#include <string.h>

#include "report/say.h"
#include "report/say_proof.h"

#define MOST_BLOCKS 400

static bool
counts(const struct run_block *b, const char *arm, const char *load)
{
	return !b->void_why && b->arm && strcmp(b->arm, arm) == 0 && b->load && strcmp(b->load, load) == 0;
}

static double
figure_of(const struct run_block *b, size_t at)
{
	return *(const double *)((const char *)b + at);
}

static size_t
add_arm(struct doc *d, struct doc_lines *l, const struct run_proof *p, const char *arm,
    const char *load, size_t at)
{
	double *x = NULL, *y = NULL;
	size_t n_x = 0, n_y = 0;

	for (size_t i = 0; i < p->n_blocks && n_y < MOST_BLOCKS; i++)
		if (counts(&p->blocks[i], arm, load) && say_known(figure_of(&p->blocks[i], at)) &&
		    say_known(p->blocks[i].started)) {
			*ARENA_PUSH(d->arena, x, n_x) = p->blocks[i].started;
			*ARENA_PUSH(d->arena, y, n_y) = figure_of(&p->blocks[i], at);
		}
	doc_series(d, l, (struct doc_series){ .name = arm, .x = x, .y = y, .n = n_y, .points = true });
	return n_y;
}

/* Charts stand beside each other, so there is one only where both arms have a point. */
static void
chart(struct doc *d, const struct run_proof *p, const char *title, const char *load, size_t at,
    enum doc_unit unit)
{
	size_t blocks = doc_section(d)->n_blocks;
	struct doc_lines *l = doc_lines(d, title);

	l->x_label = "time";
	l->x_unit = UNIT_SECONDS;
	l->y_unit = unit;
	l->tight_y = true;
	l->about = doc_printf(d, "%s, a dot a block; the axis does not begin at zero.", title);
	size_t a = add_arm(d, l, p, "A", load, at), b = add_arm(d, l, p, "B", load, at);
	if (!a || !b)
		doc_section(d)->n_blocks = blocks;
}

static void
spoilt_blocks(struct doc *d, const struct run_proof *p)
{
	static const char *const titles[] = { ">pair", "arm", "why it does not count", NULL };
	struct doc_table *t = NULL;
	size_t shown = 0;

	for (size_t i = 0; i < p->n_blocks; i++) {
		const struct run_block *b = &p->blocks[i];
		if (!b->void_why && !b->late_why)
			continue;
		if (!t)
			t = doc_table(d, "Blocks that do not count, or not for latency", titles);
		if (shown++ >= 12) {
			t->left_out++;
			continue;
		}
		doc_cell(d, t, doc_printf(d, "%lld", (long long)b->pair + 1));
		doc_cell(d, t, say_clip(d, b->arm, 10));
		doc_cell(d, t, b->void_why ? say_clip(d, b->void_why, 200)
		    : doc_printf(d, "latency only: %s", say_clip(d, b->late_why, 200)));
	}
}

void
section_proof_pairs(struct doc *d, const struct run *r)
{
	const struct run_proof *p = section_proof_of(r);

	if (!p->n_blocks)
		return;
	doc_text(d, "The two blocks of a pair were offered the same requests at the same times, one right "
	    "after the other.");
	chart(d, p, "CPU per request", "rate", offsetof(struct run_block, cpu_per_request), UNIT_SECONDS);
	chart(d, p, "p50 latency", "rate", offsetof(struct run_block, p50), UNIT_SECONDS);
	chart(d, p, "p99 latency", "rate", offsetof(struct run_block, p99), UNIT_SECONDS);
	chart(d, p, "Throughput at saturation", "saturation", offsetof(struct run_block, throughput),
	    UNIT_RATE);
	spoilt_blocks(d, p);
}
