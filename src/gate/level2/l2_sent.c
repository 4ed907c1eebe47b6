/* SPDX-License-Identifier: MIT */
#include "gate/level2/l2_sent.h"

#include <stdlib.h>

/* The first that `stamp` is of, or with 0 that was answered for before `page` was asked for. */
static struct l2_note *
take(struct l2_sent *s, uint64_t stamp, uint64_t page)
{
	struct l2_note *before = NULL, *note = s->first;

	while (note && (stamp ? note->stamp != stamp : note->page >= page)) {
		before = note;
		note = note->next;
	}
	if (!note)
		return NULL;
	*(before ? &before->next : &s->first) = note->next;
	if (s->last == note)
		s->last = before;
	s->n--;
	return note;
}

void
l2_sent_done(struct l2_sent *s)
{
	struct l2_note *note;

	while ((note = take(s, 0, UINT64_MAX)))
		free(note);
}

static bool
was_early(struct l2_sent *s, uint64_t stamp)
{
	for (size_t i = 0; i < L2_SENT_EARLY; i++)
		if (s->early[i] == stamp) {
			s->early[i] = 0;
			return true;
		}
	return false;
}

void
l2_sent_add(struct l2_sent *s, struct l2_note *note, uint64_t stamp, uint64_t page)
{
	if (was_early(s, stamp)) {
		free(note);
		return;
	}
	if (s->n == L2_SENT_MAX)
		free(take(s, 0, UINT64_MAX));
	note->stamp = stamp;
	note->page = page;
	note->next = NULL;
	*(s->last ? &s->last->next : &s->first) = note;
	s->last = note;
	s->n++;
}

void
l2_sent_seen(struct l2_sent *s, uint64_t stamp)
{
	struct l2_note *note = take(s, stamp, 0);

	if (!note)
		s->early[s->next_early++ % L2_SENT_EARLY] = stamp;
	free(note);
}

struct l2_note *
l2_sent_lost(struct l2_sent *s, uint64_t page)
{
	return take(s, 0, page);
}
