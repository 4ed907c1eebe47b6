/* SPDX-License-Identifier: MIT */
/* What the truth server answers: from the first line of a request to the steps of its answer. Knows
 * no sockets and reads no clock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACT_NEVER INT64_MAX

enum act_then {
	ACT_ON,      /* another step follows */
	ACT_DONE,    /* the answer is complete, the connection stays */
	ACT_CLOSE,   /* close it */
	ACT_RESET,   /* and let the peer know by a reset */
};

struct act_step {
	int64_t wait_ns;           /* before its bytes; ACT_NEVER: for good */
	const char *bytes;         /* static, or the answer's own */
	size_t size;
	enum act_then then;
};

struct act;

struct act_answer {            /* one that is being given */
	const struct act *act;
	int64_t number;            /* of the request, from 0 */
	uint64_t seed;
	double ms, every, code, share;   /* as asked; NAN: not said */
	size_t steps;              /* taken so far */
	char text[96];
};

/* Begin the answer to request `number`, whose first line `line` is. */
void act_begin(struct act_answer *a, const char *line, int64_t number, uint64_t seed);
/* Its next step; `since_ns`: how long the server has been running. */
struct act_step act_next(struct act_answer *a, int64_t since_ns);
