/* SPDX-License-Identifier: MIT */
#include "diagnose/channel.h"

#include <math.h>
#include <string.h>

#include "diagnose/pool_queue.h"
#include "diagnose/text.h"

#define CHANNEL     "channel in "   /* how trace names them: with the function that waits */
#define SHARE_MIN   0.15
#define WAITERS_MIN 1.5
#define INSIDE_MIN  0.3             /* behind it at a time: fewer were not seen */
#define INSIDE_MAX  1.3             /* more pass it together */

static bool
is_channel(const struct run_wait *w)
{
	return w->kind == PART_QUEUE && w->where && strncmp(w->where, CHANNEL, strlen(CHANNEL)) == 0;
}

const struct run_wait *
channel_queue(const struct facts *f, double *ret_share)
{
	const struct run_wait *most = NULL;

	*ret_share = 0;
	for (size_t i = 0; i < f->trace->n_waits; i++) {
		const struct run_wait *w = &f->trace->waits[i];
		double share = is_channel(w) ? pool_queue_share(f, w) : 0;
		if (share > *ret_share) {
			*ret_share = share;
			most = w;
		}
	}
	return most;
}

/* Goroutines that are in the function at a time, at the channel and past it. */
struct inside { double waiting, past; };

static struct inside
look_inside(const struct run_trace *t, const char *function)
{
	struct inside in = { 0 };

	for (size_t i = 0; i < t->n_stacks && t->seconds > 0; i++) {
		const struct run_stack *s = &t->stacks[i];
		if (!s->frames || !(s->seconds > 0) || !text_has_frame(s->frames, function))
			continue;
		*(text_same(s->kind, "queue") ? &in.waiting : &in.past) += s->seconds / t->seconds;
	}
	return in;
}

bool
channel_is_lock(const struct facts *f, const struct run_wait *w)
{
	struct inside in = look_inside(f->trace, w->where + strlen(CHANNEL));

	return in.waiting >= WAITERS_MIN && in.past >= INSIDE_MIN && in.past <= INSIDE_MAX;
}

void
channel_tell(const struct facts *f, struct draft *d)
{
	double share;
	const struct run_wait *w = channel_queue(f, &share);

	if (!w || share < SHARE_MIN || !channel_is_lock(f, w))
		return;
	struct inside in = look_inside(f->trace, w->where + strlen(CHANNEL));
	struct run_finding *out = finding_add(d, share, 0.88, w->where);
	out->summary = run_printf(f->run, "requests wait %s of their time at the %s, which one at a time passes",
	    PCT(share), w->where);
	finding_evidence(d, "%.2g wait at it at a time, and %.2g are past it in the same function", in.waiting, in.past);
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use", PCT(f->utilisation));
	finding_against(d, "that it is held as a lock is concluded from how many are past it");
}
