/* SPDX-License-Identifier: MIT */
#include "trace/pace.h"

#include <math.h>

#include "base/clock.h"

#define WINDOW_NS       NS_PER_S
#define PAUSE_MAX_NS    (10 * NS_PER_S)
#define HORIZON_NS      (15 * NS_PER_S)
#define WINDOW_MIN_NS   (NS_PER_S / 5)   /* no shorter one is begun */
#define VERY_BUSY       4                /* times more than there is room for */
#define RESERVE_NS      (NS_PER_S / 20)  /* what may still come before a window is closed */

static enum pace_step
closed_step(struct pace *p, int64_t now, size_t records, double left)
{
	if (now - p->since < p->pause || left <= p->rate * (double)WINDOW_MIN_NS || left <= 0)
		return PACE_GO_ON;
	p->open = true;
	p->since = now;
	p->records_then = records;
	return PACE_OPEN;
}

enum pace_step
pace_step(struct pace *p, int64_t now, size_t records, size_t max)
{
	double left = (double)max - (double)records;
	if (!p->open)
		return closed_step(p, now, records, left);
	int64_t passed = now - p->since;
	double rate = passed > 0 ? (double)(records - p->records_then) / (double)passed : 0;
	double wanted = rate * (double)(p->horizon ? p->horizon : HORIZON_NS);
	double excess = fmax(left > 0 ? wanted / left : HUGE_VAL, p->excess);
	bool full = left <= rate * (double)RESERVE_NS;
	bool enough = passed >= WINDOW_NS || (passed >= WINDOW_MIN_NS && wanted > VERY_BUSY * left);
	if (!enough && !full && !p->cut)
		return PACE_GO_ON;
	if (p->cut)
		excess = fmax(excess, 2);
	p->rate = rate;
	p->since = now;
	p->records_then = records;
	if (excess <= 1)
		return PACE_GO_ON;
	p->pause = (int64_t)fmin(fmax((double)passed * (excess - 1), (double)p->pause_least), (double)PAUSE_MAX_NS);
	p->open = false;
	return PACE_CLOSE;
}
