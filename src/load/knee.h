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
};

struct knee knee_begin(double first_rate, double most);

/* What came of k->next. A rate that was held and then missed counts as missed. */
void knee_tell(struct knee *k, bool held);
