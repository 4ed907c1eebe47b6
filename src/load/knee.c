/* SPDX-License-Identifier: MIT */
#include "load/knee.h"

#include <math.h>

#define PRECISION  1.07    /* stop bisecting when the bounds are so near */
#define LEAST_RATE 0.1     /* per second: nothing holds below this */
#define STEP_DOWN  0.93    /* below a rate that was not held the second time */

struct knee
knee_begin(double first_rate, double most)
{
	return (struct knee){ .stage = KNEE_DOUBLE, .next = fmin(first_rate, most), .most = most };
}

static void
choose(struct knee *k)
{
	if (!k->held && k->missed <= LEAST_RATE) {
		k->stage = KNEE_FOUND;
	} else if (!k->held) {
		k->next = k->missed / 4;
	} else if (!k->missed && k->held >= k->most) {
		k->stage = KNEE_FOUND;
	} else if (!k->missed) {
		k->next = fmin(2 * k->held, k->most);
	} else if (k->missed > PRECISION * k->held) {
		k->stage = KNEE_BISECT;
		k->next = sqrt(k->held * k->missed);
	} else {
		k->stage = KNEE_CONFIRM;
		k->next = k->held;
	}
}

void
knee_tell(struct knee *k, enum knee_answer answer)
{
	bool again = k->stage == KNEE_CONFIRM, held = answer == KNEE_HELD;

	k->doubted = answer == KNEE_DOUBTFUL && k->stage == KNEE_DOUBLE && !k->doubted;
	if (k->doubted)
		return;
	if (again && held) {
		k->confirmed = true;
		k->stage = KNEE_FOUND;
		return;
	}
	if (again) {                      /* luck the first time: lower, and once more */
		k->missed = k->next;
		k->held = k->next = pow(STEP_DOWN, ++k->refuted) * k->next;
		if (k->next < LEAST_RATE)
			k->stage = KNEE_FOUND;
		return;
	}
	if (held)
		k->held = fmax(k->held, k->next);
	else
		k->missed = k->missed ? fmin(k->missed, k->next) : k->next;
	choose(k);
}
