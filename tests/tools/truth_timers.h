/* SPDX-License-Identifier: MIT */
/* Who waits for when: a binary heap of timers that live in their owners. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
	int64_t due_ns;
	size_t place;              /* in the heap, from 1; 0: not waiting */
};

struct timers {
	struct timer **heap;
	size_t count, room;
};

/* Wait until then; one that waits already is moved. False: no memory. */
bool timers_set(struct timers *s, struct timer *t, int64_t due_ns);
void timers_unset(struct timers *s, struct timer *t);    /* accepts one that does not wait */
struct timer *timers_first(const struct timers *s);      /* NULL: nobody waits */
void timers_done(struct timers *s);
