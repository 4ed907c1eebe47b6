/* SPDX-License-Identifier: MIT */
/* Arrivals that were recorded: a text file that says when each request is due, to be replayed.
 *
 *   file  = { line "\n" }
 *   line  = "" | "#" text | seconds [ blank route ]
 *   seconds = digits [ "." digits ]      since the start, never less than in the line before
 *   route = its name, or its number from 0; left out: routes are taken in turn
 *
 * Digits below a nanosecond are cut off. The file is read once to check it; each reader then reads
 * it once more, a page at a time, so that memory does not depend on its length. What is behind
 * the end that was seen when it was checked is not read; a file that is cut off or rewritten
 * meanwhile ends the schedule where it makes no sense any more. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ARRIVALS_IN_TURN  UINT32_MAX
#define ARRIVALS_LINE_MAX 2048

struct arrivals;

/* `names` of the routes, copied, may be NULL: then only numbers. `speed` > 0: 2 replays twice as
 * fast. Errors name file:line. The caller releases *ret. */
int arrivals_open(const char *path, const char *const *names, uint32_t n_names, double speed,
    struct arrivals **ret, struct err *e);
void arrivals_close(struct arrivals *a);   /* accepts NULL; no reader may be left */

struct arrivals_summary {
	int64_t count;
	int64_t last_ns;       /* when the last one is due */
	double peak_rate;      /* per second, in the fullest second */
};
struct arrivals_summary arrivals_summary(const struct arrivals *a);

struct arrivals_entry {
	int64_t at_ns;
	uint32_t route;        /* ARRIVALS_IN_TURN: not said */
};

/* Can the name stand in such a file and be read back? */
bool arrivals_can_name(const char *name);

/* A reader's place in the file; a thread each. Owns nothing. */
struct arrivals_cursor {
	int64_t offset;        /* in the file, of what follows `bytes` */
	int64_t index;         /* of the next arrival */
	struct arrivals_entry last;
	uint32_t at, size;     /* of `bytes`: next to read, how many */
	char bytes[2 * ARRIVALS_LINE_MAX];
};

struct arrivals_cursor arrivals_begin(void);

/* Arrival `index`: the one that was given last, or one behind it. False: there is none. */
bool arrivals_next(const struct arrivals *a, struct arrivals_cursor *c, int64_t index,
    struct arrivals_entry *ret);
