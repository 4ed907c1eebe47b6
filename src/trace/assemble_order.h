/* SPDX-License-Identifier: MIT */
/* The queue that a loop's spans form for the connections to a peer: between assemble_order.c, which
 * finds who joined and what was asked, and assemble_path.c, which lays them along each other. */
#pragma once

#include "trace/assemble_int.h"

/* A span that will ask, or (span NOBODY) the one that had the answer to `call`. */
struct joined {
	int64_t time;
	uint32_t route, level, span, call;
};

struct served {
	uint32_t call;
	const struct habit *habit;
	uint32_t ahead;            /* who joined before it was asked */
	int64_t heard;             /* the thread's last read before that */
	int64_t came_back;         /* its connection, from the question before; 0 unknown */
	uint32_t lag;              /* who of `ahead` joined behind the one that is served */
	uint32_t span;             /* found; NOBODY: joined before the window */
	bool closed;
};

/* One thread's for one peer in one window. */
struct queue {
	const struct assembly *a;
	const struct book *book;
	struct arena *arena;
	uint32_t thread, peer;
	int64_t from, to;
	struct map texts;          /* asked there */
	struct map opened;         /* (span, text) -> connections opened for it */
	struct map place;          /* call -> index in served + 1 */
	struct joined *joined;     size_t n_joined;
	struct served *served;     size_t n;
	int64_t *reads;            size_t n_reads;
};

/* Whose the call certainly is; NOBODY unknown. */
static inline uint32_t
told(const struct queue *q, const struct served *s)
{
	return q->book->links[s->call].span;
}

/* Who is served with so many behind; NULL: joined before the window. */
static inline const struct joined *
who_joined(const struct queue *q, const struct served *s, uint32_t lag)
{
	return s->ahead > lag ? &q->joined[s->ahead - 1 - lag] : NULL;
}

/* Sets each one's lag. There must be some. */
void find_path(struct queue *q);
