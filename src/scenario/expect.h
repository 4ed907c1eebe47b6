/* SPDX-License-Identifier: MIT */
/* What an answer must be like, compiled once and held against every answer. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json_find.h"
#include "scenario/extract.h"
#include "scenario/scenario.h"

#define EXPECT_STATUS_MAX 16    /* words of one EXPECT_STATUS */

struct expect {
	enum scenario_expect_kind kind;
	const struct scenario_expect *from;
	struct { int low, high; } status[EXPECT_STATUS_MAX];
	size_t n_status;
	size_t value_size;
	struct json_pointer pointer;
	int64_t body_bytes;
};

/* `from` must outlive the result. */
int expect_compile(const struct scenario_expect *from, struct arena *a, struct expect *ret,
    struct err *e);

/* A header holds when its value is the same, or the same up to its first ';' (so application/json
 * holds for "application/json; charset=utf-8"), or with an expected "" when it is there. A JSON
 * value is compared as text. `contains` and `lacks` see the part of the body that was kept. */
bool expect_holds(const struct expect *x, const struct answer *answer);

/* Why it does not hold, in a few words: "status 500, expected 2xx". Of the answer only
 * the status is told, the rest may be secret. Writes at most `size` bytes and returns `out`. */
char *expect_reason(const struct expect *x, const struct answer *answer, char *out, size_t size);
