/* SPDX-License-Identifier: MIT */
/* Does B answer what A answers? A faster wrong answer is no improvement.
 *
 * The same requests go to A twice and to B twice. Where A differs from itself (a time, a random number)
 * its body says nothing and only the status counts. A difference counts when B repeats it, or when B has
 * them far more often than A has them from itself. Requests without an answer say nothing. */
#pragma once

#include "base/err.h"
#include "experiment/side.h"

/* Fills p->answers, p->answers_compared and p->answers_varying; routes and words live in r's arena. */
int answers_compare(struct side *a, struct side *b, struct run *r, struct run_proof *p,
    struct err *e);
