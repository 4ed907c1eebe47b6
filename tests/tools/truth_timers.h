/* SPDX-License-Identifier: MIT */
/* Who waits for when: a binary heap of timers that live in their owners. Those that are due together come
 * in the order in which they were set. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
	int64_t due_ns;
	uint64_t turn;             /* among those due together */
	size_t place;              /* in the heap, from 1; 0: not waiting */
};

struct timers {
	struct timer **heap;
	size_t count, room;
	uint64_t turns;            /* given so far */
};

/* Wait until then; one that waits already is moved. False: no memory. */
bool timers_set(struct timers *s, struct timer *t, int64_t due_ns);
void timers_unset(struct timers *s, struct timer *t);    /* accepts one that does not wait */
struct timer *timers_first(const struct timers *s);      /* NULL: nobody waits */
void timers_done(struct timers *s);
