/* SPDX-License-Identifier: MIT */
#include "gate/timers.h"

#include <stddef.h>

void
timers_start(struct timers *w, int64_t now)
{
	*w = (struct timers){ .turned_ns = now / TIMERS_TICK_NS * TIMERS_TICK_NS };
}

static void
unlink_timer(struct timers *w, struct timer *t)
{
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	t->link = NULL;
	t->next = NULL;
	w->n--;
}

static void
link_timer(struct timers *w, struct timer *t, struct timer **list)
{
	t->next = *list;
	t->link = list;
	if (t->next)
		t->next->link = &t->next;
	*list = t;
	w->n++;
}

/* The first slot that comes up after it is due; deadlines further away than a turn wait in the last. */
static void
place(struct timers *w, struct timer *t)
{
	int64_t slot = (t->due_ns / TIMERS_TICK_NS + 1) * TIMERS_TICK_NS;
	int64_t last = w->turned_ns + (TIMERS_SLOTS - 1) * TIMERS_TICK_NS;

	if (slot <= w->turned_ns)
		slot = w->turned_ns + TIMERS_TICK_NS;
	t->slot_ns = slot < last ? slot : last;
	link_timer(w, t, &w->slots[t->slot_ns / TIMERS_TICK_NS % TIMERS_SLOTS]);
}

void
timer_set(struct timers *w, struct timer *t, int64_t due_ns)
{
	t->due_ns = due_ns;
	if (t->link && due_ns >= t->slot_ns - TIMERS_TICK_NS)
		return;
	if (t->link)
		unlink_timer(w, t);
	place(w, t);
}

void
timer_stop(struct timer *t)
{
	t->due_ns = 0;
}

void
timer_remove(struct timers *w, struct timer *t)
{
	if (t->link)
		unlink_timer(w, t);
	t->due_ns = 0;
}

int64_t
timers_next(const struct timers *w)
{
	return w->n ? w->turned_ns + TIMERS_TICK_NS : INT64_MAX;
}

static void
turn_slot(struct timers *w, struct timer **slot, int64_t now, void (*tell)(void *ctx, struct timer *t),
    void *ctx)
{
	struct timer *list = *slot;

	/* A list of its own, so that what is set meanwhile is not looked at again. */
	*slot = NULL;
	if (list)
		list->link = &list;
	while (list) {
		struct timer *t = list;
		int64_t due = t->due_ns;
		unlink_timer(w, t);
		if (due > now) {
			place(w, t);
		} else if (due) {
			t->due_ns = 0;
			tell(ctx, t);
		}
	}
}

void
timers_turn(struct timers *w, int64_t now, void (*tell)(void *ctx, struct timer *t), void *ctx)
{
	int64_t behind = now - TIMERS_SLOTS * TIMERS_TICK_NS;

	if (!w->n)
		w->turned_ns = now / TIMERS_TICK_NS * TIMERS_TICK_NS;
	else if (w->turned_ns < behind)   /* all slots once */
		w->turned_ns = behind / TIMERS_TICK_NS * TIMERS_TICK_NS;
	while (w->turned_ns + TIMERS_TICK_NS <= now) {
		w->turned_ns += TIMERS_TICK_NS;
		turn_slot(w, &w->slots[w->turned_ns / TIMERS_TICK_NS % TIMERS_SLOTS], now, tell, ctx);
	}
}
