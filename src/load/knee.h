/* SPDX-License-Identifier: MIT */
/* Which rate to try next: doubling, bisecting, confirming. Pure; load_knee.c measures. */
#pragma once

#include <stdbool.h>

enum knee_stage { KNEE_DOUBLE, KNEE_BISECT, KNEE_CONFIRM, KNEE_FOUND };

struct knee {
	enum knee_stage stage;
	double next;          /* rate to try; the last one tried when KNEE_FOUND */
	double held, missed;  /* highest that was held, lowest that was missed; 0 none */
	double most;          /* never more than this */
	bool confirmed;       /* `held` was held twice */
	bool doubted;         /* `next` is tried a second time */
	int refuted;          /* rates that were held once and then missed */
};

enum knee_answer {
	KNEE_HELD,
	KNEE_MISSED,          /* by far: the queue grew */
	KNEE_DOUBTFUL,        /* missed, but a hiccup of the machine would look the same */
};

struct knee knee_begin(double first_rate, double most);

/* What came of k->next. While doubling, a doubtful rate is tried again, because a false miss there
 * would halve the result. A rate that was held and then missed counts as missed, and a
 * lower one has to be confirmed: 7 % lower the first time, 13 % the next, and so on. */
void knee_tell(struct knee *k, enum knee_answer answer);
