/* SPDX-License-Identifier: MIT */
#include "gate/warm/early.h"

#include <math.h>

#include "base/clock.h"

#define WINDOW_LEAST 0.05
#define WINDOW_MOST  0.15
#define WINDOW_MAX_NS (60 * NS_PER_S)

static double
window_ns(const struct early *e)
{
	double share = WINDOW_LEAST + (WINDOW_MOST - WINDOW_LEAST) * e->window;
	double ns = share * (double)e->lifetime_ns;

	return ns < (double)WINDOW_MAX_NS ? ns : (double)WINDOW_MAX_NS;
}

bool
early_is_due(const struct early *e)
{
	if (e->left_ns <= 0)
		return false;
	if ((double)e->left_ns <= window_ns(e))
		return true;
	return e->cost_ns > 0 && (double)e->cost_ns * e->beta * -log(1 - e->draw) >= (double)e->left_ns;
}
