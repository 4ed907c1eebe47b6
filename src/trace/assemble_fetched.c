/* SPDX-License-Identifier: MIT */
/* Calls that other threads make for the one that serves a request, as the HTTP client of Java does: one
 * thread asks and reads, another unpacks, and the request's own waits for the result.
 *
 * From the end of such a wait the way leads back along who woke whom. If the thread at its end had just
 * read an answer, and to a question that was asked since the waiting thread last went on, then that was
 * what the request waited for. */
#include "trace/assemble_int.h"

#include <stdlib.h>

#include "base/search.h"

#define SURE_FETCHED 95
#define HOPS_MAX     4         /* threads from the reader to who waits */

/* Answered calls of nobody, by who read the answer and when. */
struct answers {
	struct assembly *a;
	uint32_t *calls;           size_t n;
};

static int
compare_read(const struct call *c, uint32_t thread, int64_t time)
{
	if (c->reader != thread)
		return c->reader < thread ? -1 : 1;
	return c->read < time ? -1 : c->read > time;
}

static int
by_reader(const void *left, const void *right, void *ctx)
{
	const struct assembly *a = ctx;
	uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;
	int order = compare_read(&a->calls[l], a->calls[r].reader, a->calls[r].read);
	return order ? order : l < r ? -1 : 1;
}

static struct answers
answers_of(struct assembly *a)
{
	struct answers s = { .a = a };
	for (uint32_t i = 0; i < a->n_calls; i++)
		if (a->calls[i].span == NOBODY && a->calls[i].read && !a->calls[i].connect)
			*ARENA_PUSH(a->arena, s.calls, s.n) = i;
	if (s.n)
		qsort_r(s.calls, s.n, sizeof(*s.calls), by_reader, a);
	return s;
}

/* The last one that the thread read in (from, to]; NOBODY: none. */
static uint32_t
last_read(const struct answers *s, uint32_t thread, int64_t from, int64_t to)
{
	size_t after = FIRST_WHERE(i, s->n, compare_read(&s->a->calls[s->calls[i]], thread, to) > 0);
	const struct call *c = after ? &s->a->calls[s->calls[after - 1]] : NULL;
	return c && c->reader == thread && c->read > from ? s->calls[after - 1] : NOBODY;
}

/* The last wait of the thread that was over at `to`; NULL: it has not waited since `from`. */
static const struct rec *
last_wait(const struct assembly *a, uint32_t thread, int64_t from, int64_t to)
{
	const struct thread_log *log = &a->threads[thread];
	for (size_t i = tape_first_after(a->tape, log->off, log->n_off, to); i > 0; i--) {
		const struct rec *off = tape_at(a->tape, log->off[i - 1]);
		if (off->ts <= from)
			break;
		if (!(off->flags & OFF_PREEMPTED))
			return off;
	}
	return NULL;
}

static int64_t
woken_at(const struct rec *off)
{
	return off->at ? off->at : off->ts;
}

/* The answer whose reading led to the end of this wait, to a question asked after `since`. */
static uint32_t
read_for(const struct answers *s, const struct rec *off, int64_t since)
{
	const struct rec *wait = off;
	for (int hop = 0; hop < HOPS_MAX && wait && wait->flags & OFF_BY_FUTEX; hop++) {
		int64_t then = woken_at(wait);
		uint32_t thread = tape_thread_by_tid(s->a->tape, wait->value);
		if (thread == NOBODY || thread == off->thread)
			break;
		wait = last_wait(s->a, thread, off->from, then);
		uint32_t call = last_read(s, thread, wait ? wait->ts : off->from, then);
		if (call != NOBODY)
			return s->a->calls[call].span == NOBODY && s->a->calls[call].start >= since ? call : NOBODY;
	}
	return NOBODY;
}

/* Calls are chained newest first. */
static void
give(struct assembly *a, uint32_t call, uint32_t span)
{
	uint32_t *link = &a->spans[span].calls;
	while (*link != NOBODY && a->calls[*link].start > a->calls[call].start)
		link = &a->calls[*link].next;
	a->calls[call].next = *link;
	a->calls[call].span = span;
	a->calls[call].sure = SURE_FETCHED;
	*link = call;
}

/* Who asks and reads itself has made the calls before this one for the same task, as far back as it handed over the
 * result of another. */
static void
give_earlier(const struct answers *s, uint32_t call, uint32_t span, int64_t since)
{
	struct assembly *a = s->a;
	const struct call *last = &a->calls[call];
	int64_t begun = tape_last_handoff(a->tape, (uint32_t)a->tape->threads[last->reader].tid, last->start);
	size_t at = FIRST_WHERE(i, s->n, compare_read(&a->calls[s->calls[i]], last->reader, last->read) >= 0);

	since = begun > since ? begun : since;
	for (; at > 0 && last->thread == last->reader; at--) {
		const struct call *c = &a->calls[s->calls[at - 1]];
		if (c->reader != last->reader || c->thread != last->thread || c->start < since || c->span != NOBODY)
			break;
		give(a, s->calls[at - 1], span);
	}
}

/* What the thread did for a request from the segment's start on. */
static void
link_segment(const struct answers *s, const struct segment *g)
{
	struct assembly *a = s->a;
	const struct thread_log *log = &a->threads[g->thread];
	int64_t since = g->start;
	for (size_t i = tape_first_after(a->tape, log->off, log->n_off, g->start); i < log->n_off; i++) {
		struct rec *off = tape_at(a->tape, log->off[i]);
		if (off->from >= g->end)
			break;
		if (!(off->flags & OFF_FOR_TASK))
			continue;
		uint32_t call = read_for(s, off, since);
		if (call != NOBODY) {
			give(a, call, g->span);
			give_earlier(s, call, g->span, since);
			off->task = (uint64_t)call + 1;
		}
		since = off->ts;
	}
}

void
fetched_link(struct assembly *a)
{
	struct answers s = answers_of(a);
	for (size_t i = 0; i < a->n_segments && s.n; i++)
		link_segment(&s, &a->segments[i]);
}
