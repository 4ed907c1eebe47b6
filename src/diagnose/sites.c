/* SPDX-License-Identifier: MIT */
#include "diagnose/sites.h"

#include <string.h>

#include "diagnose/text.h"

#define MOST 0.5        /* of the waiting */

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
	double receives = 0, all = 0;

	for (size_t i = 0; i < t->n_stacks; i++) {
		const struct run_stack *s = &t->stacks[i];
		if (!text_same(s->kind, part_kind_name(PART_NET)) || !(s->seconds > 0))
			continue;
		all += s->seconds;
		receives += is_receiving(s->frames) ? s->seconds : 0;
	}
	return all > 0 && receives >= MOST * all;
}
