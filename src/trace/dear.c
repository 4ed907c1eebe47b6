/* SPDX-License-Identifier: MIT */
#include "trace/dear.h"

#include <math.h>

#define NOTHING   0.02         /* a load need not be less for that */
#define CERTAINTY 2            /* times the noise: by chance alone one in seven would be */

double
dear_share(const struct dear_phase phases[DEAR_PHASES])
{
	double x[DEAR_PHASES];

	for (int i = 0; i < DEAR_PHASES; i++)
		x[i] = log(phases[i].cpu_s / phases[i].answered);
	/* Contrasts of four equal steps: neither sees a level or a slope, and they do not see each other. Both
	 * vary as one phase does. */
	double more = (-x[0] + x[1] + x[2] - x[3]) / 2;
	double noise = fabs(-x[0] + 3 * x[1] - 3 * x[2] + x[3]) / sqrt(20);
	double share = expm1(more);
	return isfinite(share) && share > NOTHING && more > CERTAINTY * noise ? share : NAN;
}
