/* SPDX-License-Identifier: MIT */
/* Which rate to try next: doubling, bisecting, confirming. Pure; load_knee.c measures. */
#pragma once

#include <stdbool.h>

enum knee_stage { KNEE_DOUBLE, KNEE_BISECT, KNEE_CONFIRM, KNEE_FOUND };

/* How well the answer is to be known. */
struct knee_aim {
	double precision;     /* bisect until the bounds are so near: 1.07 is 7 % */
	int confirmations;    /* times that the answer has to be held again */
	bool narrow;          /* so near also to what a confirmation showed to be missed */
};

struct knee {
	struct knee_aim aim;
	enum knee_stage stage;
	double next;          /* rate to try; the last one tried when KNEE_FOUND */
	double held, missed;  /* highest that was held, lowest that was missed; 0 none */
	double most;          /* never more than this */
	int again;            /* times that `held` was held again */
	double sure;          /* was held so often as the aim asks; 0 none yet */
	bool confirmed;       /* `held` was */
	bool doubted;         /* `next` is tried a second time */
	int refuted;          /* rates that were held once and then missed */
};

enum knee_answer {
	KNEE_HELD,
	KNEE_MISSED,          /* by far: the queue grew */
	KNEE_DOUBTFUL,        /* missed, but a hiccup of the machine would look the same */
};

struct knee knee_begin(double first_rate, double most, struct knee_aim aim);

/* What came of k->next. While doubling, a doubtful rate is tried again, because a false miss there
 * would halve the result. A rate that was held and then missed counts as missed, and a lower one
 * has to be confirmed: by the precision the first time, twice that the next, and so on. With a
 * narrow aim the gap that this leaves is bisected, each rate in it confirmed as often. */
void knee_tell(struct knee *k, enum knee_answer answer);
