/* SPDX-License-Identifier: MIT */
/* The requests of a connection whose answers come in the order of the questions: a list of slots.
 * The state of each slot begins with a struct fifo_slot. */
#pragma once

#include "load/wire.h"

struct fifo_slot { uint32_t next; };
struct fifo { uint32_t first, n; uint32_t last; };

static inline void
fifo_put(struct worker *w, struct fifo *f, uint32_t slot)
{
	struct fifo_slot *last = wire_slot_state(w, f->last);

	if (f->n++)
		last->next = slot;
	else
		f->first = slot;
	f->last = slot;
}

/* The oldest; there must be one. */
static inline uint32_t
fifo_take(struct worker *w, struct fifo *f)
{
	uint32_t slot = f->first;
	const struct fifo_slot *s = wire_slot_state(w, slot);

	f->first = s->next;
	f->n--;
	return slot;
}
