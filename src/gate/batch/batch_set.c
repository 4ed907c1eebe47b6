/* SPDX-License-Identifier: MIT */
#include "gate/batch/batch_set.h"

#include <errno.h>
#include <stdlib.h>

int
batch_set_init(struct batch_set *s, const struct gate_batch *plan, int64_t now)
{
	*s = (struct batch_set){ .plan = plan, .begun_ns = now, .items = calloc((size_t)plan->size, sizeof(*s->items)) };
	return s->items ? 0 : -ENOMEM;
}

void
batch_set_done(struct batch_set *s)
{
	map_done(&s->by_key);
	buf_done(&s->keys);
	free(s->items);
}

static void
sit_down(struct batch_item *item, struct batch_seat *seat)
{
	seat->next = item->seats;
	seat->link = &item->seats;
	if (seat->next)
		seat->next->link = &seat->next;
	item->seats = seat;
}

void
batch_seat_leave(struct batch_seat *seat)
{
	if (!seat->link)
		return;
	*seat->link = seat->next;
	if (seat->next)
		seat->next->link = seat->link;
	*seat = (struct batch_seat){ 0 };
}

bool
batch_set_add(struct batch_set *s, struct text key, struct batch_seat *seat)
{
	const uint64_t *place = map_find(&s->by_key, key.at, key.size);

	if (place) {
		sit_down(&s->items[*place], seat);
		return true;
	}
	size_t bytes = batch_key_bytes(s->plan, key);
	if (s->full || s->bytes + bytes > batch_call_room(s->plan)) {
		s->full = true;
		return false;
	}
	*map_at(&s->by_key, key.at, key.size, NULL) = s->n;
	struct batch_item *item = &s->items[s->n++];
	*item = (struct batch_item){ .at = s->keys.size, .size = key.size };
	buf_append(&s->keys, key.at, key.size);
	s->bytes += bytes;
	s->full = s->n == (size_t)s->plan->size;
	sit_down(item, seat);
	return true;
}

enum batch_close
batch_set_look(const struct batch_set *s, size_t under_way, int64_t now)
{
	if (s->full)
		return BATCH_FULL;
	if (!under_way)
		return BATCH_IDLE;
	return now >= batch_set_until_ns(s) ? BATCH_WAITED : BATCH_OPEN;
}

int64_t
batch_set_until_ns(const struct batch_set *s)
{
	return s->begun_ns + s->plan->wait_ns;
}

size_t
batch_set_close(struct batch_set *s)
{
	size_t n = 0;

	map_done(&s->by_key);
	for (size_t i = 0; i < s->n; i++) {
		struct batch_item *item = &s->items[i];
		if (!item->seats)
			continue;
		item->seats->link = &s->items[n].seats;
		s->items[n] = *item;
		*map_at(&s->by_key, s->keys.data + item->at, item->size, NULL) = n++;
	}
	s->closed = true;
	return s->n = n;
}

struct text
batch_set_key(const struct batch_set *s, size_t i)
{
	return (struct text){ s->keys.data + s->items[i].at, s->items[i].size };
}

struct batch_seat *
batch_set_take(struct batch_set *s, size_t i)
{
	struct batch_seat *seat = s->items[i].seats;

	if (seat)
		batch_seat_leave(seat);
	return seat;
}

size_t
batch_set_count_seats(const struct batch_set *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		for (const struct batch_seat *seat = s->items[i].seats; seat; seat = seat->next)
			n++;
	return n;
}
