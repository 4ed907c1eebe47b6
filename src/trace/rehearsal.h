/* SPDX-License-Identifier: MIT */
/* rehearsal: from begin to end the service bears what a window of tracing costs it, and nothing of what is
 * seen is kept. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "trace/collect.h"

struct rehearsal {
	struct collect *collect;
	pthread_t thread;          /* has the collector until the end */
	atomic_bool stop;
};

int rehearsal_begin(struct rehearsal *r, struct collect *c, struct err *e);
void rehearsal_end(struct rehearsal *r);
