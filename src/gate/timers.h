/* SPDX-License-Identifier: MIT */
/* Deadlines of many connections: a wheel of lists, turned by the worker (Varghese and Lauck, 1987, scheme 6).
 *
 * Most deadlines are put off before they come, so that putting off only writes the time; a timer moves
 * when its slot comes up. What is due is told up to TIMERS_TICK_NS late. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TIMERS_SLOTS   512
#define TIMERS_TICK_NS (INT64_C(1) << 27)   /* 134 ms */

/* Part of what it belongs to; zeroed: not set. */
struct timer {
	struct timer *next, **link;   /* link: what points here; NULL: in no list */
	int64_t due_ns;               /* 0: not set */
	int64_t slot_ns;              /* when it is looked at */
	int kind;                     /* whose it is, for who is told */
};

struct timers {
	struct timer *slots[TIMERS_SLOTS];
	int64_t turned_ns;            /* slots before this were looked at */
	uint32_t n;
};

void timers_start(struct timers *w, int64_t now);
void timer_set(struct timers *w, struct timer *t, int64_t due_ns);
void timer_stop(struct timer *t);                           /* until it is set again */
void timer_remove(struct timers *w, struct timer *t);       /* before its memory goes */

/* When to turn next; INT64_MAX: no timer is set. */
int64_t timers_next(const struct timers *w);
/* Tell what is due by now, each once; `tell` may set, stop and remove any timer. */
void timers_turn(struct timers *w, int64_t now, void (*tell)(void *ctx, struct timer *t), void *ctx);
