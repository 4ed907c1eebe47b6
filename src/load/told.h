/* SPDX-License-Identifier: MIT */
/* The answers of some arrivals, told to whoever compares them (load_step.answer).
 *
 * Of every so manieth arrival, by its number, each request is looked at: its digest is taken from the
 * worker's pool when it gets its slot and goes back when it has ended, so that memory grows with what
 * is under way and looked at. What the others cost is one look at exchange.digest. Worker's thread
 * only, but for init and done. */
#pragma once

#include <pthread.h>

#include "load/digest.h"
#include "load/load.h"
#include "load/worker.h"

/* Of one phase, the same for all workers. */
struct told {
	int64_t every;
	void (*tell)(void *ctx, const struct load_answer *a);
	void *ctx;
	pthread_mutex_t lock;     /* one worker tells at a time */
};

/* The request of the slot begins. */
void told_begin(struct worker *w, struct exchange *x);
/* It has ended, with an answer or (NULL) without: tell, if it is looked at. */
void told_end(struct worker *w, uint32_t slot, const struct reply *reply, bool failed);
/* It says nothing about the service: it is looked at no more. */
void told_forget(struct worker *w, struct exchange *x);
void told_close(struct worker *w);    /* release the pool */
