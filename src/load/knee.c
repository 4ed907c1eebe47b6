/* SPDX-License-Identifier: MIT */
#include "load/knee.h"

#include <math.h>

#define LEAST_RATE 0.1     /* per second: nothing holds below this */

struct knee
knee_begin(double first_rate, double most, struct knee_aim aim)
{
	return (struct knee){
		.aim = aim, .stage = KNEE_DOUBLE, .next = fmin(first_rate, most), .most = most,
	};
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
	} else if (k->missed > k->aim.precision * k->held) {
		k->stage = KNEE_BISECT;
		k->next = sqrt(k->held * k->missed);
	} else {
		k->stage = KNEE_CONFIRM;
		k->next = k->held;
	}
}

/* A rate is sure. Is there room above it? */
static void
found(struct knee *k)
{
	bool room = k->aim.narrow && k->missed && k->missed > k->aim.precision * k->sure;

	k->again = room ? 0 : k->aim.confirmations;
	k->held = k->next = room ? sqrt(k->sure * k->missed) : k->sure;
	k->confirmed = !room;
	k->stage = room ? KNEE_CONFIRM : KNEE_FOUND;
}

static void
confirm(struct knee *k, bool held)
{
	if (held) {
		if (++k->again < k->aim.confirmations)
			return;
		k->sure = k->next;
		found(k);
		return;
	}
	k->again = 0;
	k->missed = k->next;
	if (k->sure) {
		found(k);
		return;
	}
	/* Luck the first time: lower, and once more. */
	k->held = k->next = pow(2 - k->aim.precision, ++k->refuted) * k->next;
	if (k->next < LEAST_RATE)
		k->stage = KNEE_FOUND;
}

void
knee_tell(struct knee *k, enum knee_answer answer)
{
	bool held = answer == KNEE_HELD;

	k->doubted = answer == KNEE_DOUBTFUL && k->stage == KNEE_DOUBLE && !k->doubted;
	if (k->doubted)
		return;
	if (k->stage == KNEE_CONFIRM) {
		confirm(k, held);
		return;
	}
	if (held)
		k->held = fmax(k->held, k->next);
	else
		k->missed = k->missed ? fmin(k->missed, k->next) : k->next;
	choose(k);
}
