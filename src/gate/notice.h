/* SPDX-License-Identifier: MIT */
/* What workers have to say to the people who run the gate: sentences, kept for the main thread, which says
 * them. What does not fit is dropped: who calls must not repeat itself with each request. */
#pragma once

#include <pthread.h>

#include "base/buf.h"
#include "gate/gate.h"

struct notices {
	pthread_mutex_t lock;
	struct buf lines;
};

void notices_init(struct notices *n);
void notices_done(struct notices *n);
/* A sentence without a full stop, of one line. Any thread. */
void notice_post(struct notices *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Say all that is there; the main thread. */
void notices_say(struct notices *n, const struct gate_talk *talk);
