/* SPDX-License-Identifier: MIT */
/* When a fresh answer is fetched again before it goes stale, so that whoever asks for it often never waits. Pure.
 *
 * Two rules, and the earlier one counts. A window before the end of the lifetime, a twentieth to a seventh of it and
 * at most a minute: who is asked for in it is fetched at the first request there; its length differs from object to
 * object, so that what was fetched together is not fetched together again. And for answers that are dear, the
 * probabilistic early expiration of Vattani, Chierichetti, Lowenstein, "Optimal probabilistic cache stampede prevention",
 * VLDB 2015 (XFetch): with a cost d of the fetch, each request draws u and fetches when d * beta * -ln(u) reaches past
 * the end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct early {
	int64_t left_ns;        /* of freshness; 0 and below: stale, no affair of this */
	int64_t lifetime_ns;
	int64_t cost_ns;        /* of the fetch; 0: not known */
	double beta;            /* above 1: earlier, below: later */
	double window;          /* in [0, 1): which length of the window this object has */
	double draw;            /* in [0, 1), new for each request */
};

bool early_is_due(const struct early *e);
