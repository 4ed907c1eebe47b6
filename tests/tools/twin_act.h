/* SPDX-License-Identifier: MIT */
/* What a twin answers and what that costs: from a request to work, a wait and bytes. Pure: two twins
 * with the same options give the same answers, and one option is the whole difference between two.
 *
 * Chance is a hash. A request with a query ("/a?k=17") has its luck from its target, so that it is
 * as slow, or as wrong, each time; one without has it from its number, from 0 at the twin's start. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TWIN_US 800      /* steps of work in a microsecond of a core of 3 GHz, about */

enum twin_wrong { TWIN_RIGHT, TWIN_BODY, TWIN_STATUS, TWIN_LENGTH };   /* what is wrong */

struct twin_options {
	double cpu_us;           /* of /a; /b costs twice that, /c half */
	double work;             /* a factor on it */
	double tail_share;       /* of the requests wait longer, without using the CPU: */
	double tail_ms;          /* at least so long, p99 of all about 1.3 times that; Pareto, shape 3 */
	double tail;             /* a factor on it */
	double jit_s;            /* so long from four times the work down to the work itself */
	enum twin_wrong wrong;   /* of every so many answers: */
	int64_t wrong_every;
	double errors;           /* share answered by 500 */
	const char *only;        /* wrong answers and errors only on this path; NULL: on all */
	bool varying;            /* the body also says what time it is */
};

struct twin_answer {
	int64_t steps;           /* of work, before anything else */
	int64_t wait_ns;
	size_t size;
	char bytes[512];
};

/* `target`: "/a?k=17". `since_ns`: since the first request. `now_ns`: any clock, for `varying`. */
void twin_answer(const struct twin_options *o, const char *target, int64_t number, int64_t since_ns,
    int64_t now_ns, struct twin_answer *ret);
