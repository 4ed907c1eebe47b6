/* SPDX-License-Identifier: MIT */
#include "trace/pace.h"

#include "base/clock.h"

#define WINDOW_NS       NS_PER_S
#define PAUSE_MAX_NS    (10 * NS_PER_S)
#define PACE_HORIZON_NS (30 * NS_PER_S)
#define WINDOW_MIN_NS   (NS_PER_S / 5)  /* what is left must hold for this long, else it is over */

enum pace_step
pace_step(struct pace *p, int64_t now, size_t records, size_t max)
{
	int64_t passed = now - p->since;
	if (!p->open) {
		if (passed < p->pause || records >= max)
			return PACE_GO_ON;
		*p = (struct pace){ .open = true, .since = now, .records_then = records };
		return PACE_OPEN;
	}
	double left = (double)max - (double)records;
	double rate = passed > 0 ? (double)(records - p->records_then) / (double)passed : 0;
	if (passed < WINDOW_NS && left > rate * (double)WINDOW_MIN_NS)
		return PACE_GO_ON;
	if (passed < WINDOW_MIN_NS && left > 0)
		return PACE_GO_ON;
	double wanted = rate * (double)PACE_HORIZON_NS;
	p->since = now;
	p->records_then = records;
	if (wanted <= left)
		return PACE_GO_ON;
	double pause = left > 0 ? (double)WINDOW_NS * (wanted / left - 1) : (double)PAUSE_MAX_NS;
	p->pause = pause < (double)PAUSE_MAX_NS ? (int64_t)pause : PAUSE_MAX_NS;
	p->open = false;
	return PACE_CLOSE;
}
