/* SPDX-License-Identifier: MIT */
#include "trace/talk.h"

#include <stddef.h>
#include <string.h>

enum verdict { IDLE, WAITS, UNKNOWN };

static int32_t
balance(const struct talk_look *l)
{
	return (int32_t)(l->segs_out - l->segs_in);
}

/* Data went both ways within one tick of the kernel: its order is not known. */
static enum verdict
by_times(const struct talk_look *l, const struct talk_look *other_end)
{
	if (l->unacked || l->sent_ago < l->received_ago)
		return WAITS;
	if (l->sent_ago > l->received_ago)
		return IDLE;
	if (other_end && other_end->sent_ago != other_end->received_ago)
		return other_end->received_ago < other_end->sent_ago ? WAITS : IDLE;
	return UNKNOWN;
}

/* Nothing has moved since: it is as it was. Else one segment out that none has come in for. */
static bool
by_counts(const struct talk *t, const struct talk_look *l)
{
	if (l->segs_out == t->last.segs_out && l->segs_in == t->last.segs_in)
		return t->waits;
	return t->even_known && balance(l) - t->even == 1;
}

void
talk_begin(struct talk *t, const struct talk_look *l)
{
	memset(t, 0, sizeof(*t));
	t->first = t->last = *l;
	talk_waits(t, l, NULL);
}

bool
talk_waits(struct talk *t, const struct talk_look *l, const struct talk_look *other_end)
{
	enum verdict v = by_times(l, other_end);

	t->waits = v == UNKNOWN ? by_counts(t, l) : v == WAITS;
	if (v == IDLE) {
		t->even = balance(l);
		t->even_known = true;
	}
	t->last = *l;
	return t->waits;
}

uint32_t
talk_calls(const struct talk *t)
{
	uint32_t out = t->last.segs_out - t->first.segs_out, in = t->last.segs_in - t->first.segs_in;

	return out < in ? out : in;
}
