/* SPDX-License-Identifier: MIT */
#include "gate/origin/health.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"

bool
health_note(struct health *h, const struct gate_health *s, bool good)
{
	bool first = !h->known;

	h->known = true;
	if (good != h->failing) {   /* as it was thought */
		h->against = 0;
		return false;
	}
	if (!first && ++h->against < (good ? s->rise : s->fall))
		return false;
	h->failing = !good;
	h->against = 0;
	return true;
}

int64_t
health_first_ns(const struct gate_health *s, uint64_t bits)
{
	int64_t most = s->interval_ns / 10 < NS_PER_S ? s->interval_ns / 10 : NS_PER_S;
	return (int64_t)random_below(bits, (uint64_t)most + 1);
}

int64_t
health_next_ns(const struct gate_health *s, uint64_t bits)
{
	uint64_t tenth = (uint64_t)s->interval_ns / 10;
	return s->interval_ns - (int64_t)tenth + (int64_t)random_below(bits, 2 * tenth + 1);
}

bool
health_is_good(int result)
{
	return result >= 200 && result < 400;
}

const char *
health_text(int result, char out[HEALTH_TEXT])
{
	if (result > 0)
		snprintf(out, HEALTH_TEXT, "status %d", result);
	else if (result == -ETIMEDOUT)
		snprintf(out, HEALTH_TEXT, "no answer in time");
	else if (result == -EPROTO)
		snprintf(out, HEALTH_TEXT, "no answer of HTTP");
	else if (result < 0)
		snprintf(out, HEALTH_TEXT, "%s", strerror(-result));
	else
		snprintf(out, HEALTH_TEXT, "not asked yet");
	return out;
}
