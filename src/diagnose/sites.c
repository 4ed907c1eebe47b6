/* SPDX-License-Identifier: MIT */
#include "diagnose/sites.h"

#include <string.h>

#include "diagnose/text.h"

#define SITE_MIN 0.5    /* of the waiting */

static double
of_site(const struct run_trace *t, const char *kind, const char *own)
{
	double sum = 0;

	for (size_t i = 0; i < t->n_stacks; i++)
		if (text_same(t->stacks[i].kind, kind) && (!own || text_same(t->stacks[i].own, own))
		    && t->stacks[i].seconds > 0)
			sum += t->stacks[i].seconds;
	return sum;
}

const char *
site_of(const struct facts *f, enum run_part_kind kind)
{
	const struct run_trace *t = f->trace;
	const char *name = part_kind_name(kind), *best = NULL;
	double most = 0;

	for (size_t i = 0; i < t->n_stacks; i++) {
		/* Stacks come heaviest first: a later one of the same function says nothing new. */
		if (!text_same(t->stacks[i].kind, name) || !t->stacks[i].own || text_same(t->stacks[i].own, best))
			continue;
		double here = of_site(t, name, t->stacks[i].own);
		if (here > most) {
			most = here;
			best = t->stacks[i].own;
		}
	}
	return most >= SITE_MIN * of_site(t, name, NULL) ? best : NULL;
}

static bool
is_receiving(const char *frames)
{
	static const char *const names[] = { "recv", "recvfrom", "recvmsg", "recvmmsg", "__recv", "__recvfrom",
		"__recvmsg", "__libc_recv", "__libc_recvfrom", "__libc_recvmsg", NULL };
	const char *leaf = frames ? strrchr(frames, ';') : NULL;

	return leaf && text_in(leaf + 1, names);
}

bool
site_receives(const struct facts *f)
{
	const struct run_trace *t = f->trace;
	double receives = 0, all = of_site(t, part_kind_name(PART_NET), NULL);

	for (size_t i = 0; i < t->n_stacks; i++)
		if (text_same(t->stacks[i].kind, part_kind_name(PART_NET)) && is_receiving(t->stacks[i].frames))
			receives += t->stacks[i].seconds;
	return all > 0 && receives >= SITE_MIN * all;
}
