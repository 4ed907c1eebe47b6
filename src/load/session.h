/* SPDX-License-Identifier: MIT */
/* A user in the middle of a flow: which step is next, when, and what earlier answers have told.
 *
 * Only flows of more than one request, or with pauses, have sessions. What a session does next
 * waits in a heap by its time. Worker's thread only; memory grows with the users that are in the
 * middle of their flows, at most SESSIONS_MAX. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/view.h"
#include "scenario/extract.h"

#define SESSIONS_MAX UINT32_C(1000000)
#define NO_SESSION   UINT32_MAX

struct worker;
struct arrival;
struct exchange;

struct session {
	uint32_t flow, step;       /* the step is next */
	uint32_t asked;            /* requests that were sent */
	int64_t index;             /* of the arrival */
	uint64_t seed;
	int64_t due_ns;            /* of the next request, absolute */
	uint32_t next_free;
	struct view *variables;    /* n_variables of the program; point into `values` */
	struct buf *values;
};

struct sessions {
	struct session *all;
	uint32_t n, allocated, free;   /* free: first of a list, NO_SESSION none */
	uint32_t *heap;                /* those that wait, the earliest first */
	uint32_t n_heap;
	uint32_t active;
	struct extract *extracts;      /* of all routes: regular expressions are for one thread */
};

/* Once for each worker, when its program is known. */
void sessions_open(struct worker *w);
void sessions_close(struct worker *w);

/* Begin the flow of an arrival that is due at `due_ns`: its first request waits in the heap. False:
 * too many users are in the middle of their flows. */
bool session_begin(struct worker *w, const struct arrival *a, int64_t due_ns);

/* The earliest that waits and when it is due; NO_SESSION none. */
uint32_t session_earliest(const struct worker *w, int64_t *ret_due_ns);
/* The earliest waits no more. */
void session_take(struct worker *w);
/* It waits again, until the time it has. */
void session_wait(struct worker *w, uint32_t session);

/* The request of the slot was answered as expected at `at_ns`: keep what it tells and make the next
 * step wait. False: an extraction failed, `*ret_why` says which. */
bool session_go_on(struct worker *w, uint32_t session, uint32_t route, const struct answer *answer,
    int64_t at_ns, const char **ret_why);
void session_end(struct worker *w, uint32_t session);
