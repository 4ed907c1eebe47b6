/* SPDX-License-Identifier: MIT */
/* Those who joined a queue along what was asked, as two texts are compared: the best path through
 * how many had joined behind who is served (G. D. Forney, The Viterbi Algorithm, Proc. IEEE 61,
 * 1973). What was in the queue before the window, or is served out of turn, costs the path
 * something once and does not shift all that follows. */
#include "trace/assemble_order.h"

#include <stdlib.h>

#define LAGS 256               /* most that may have joined behind who is served */

/* What a step of the path is worth. */
enum { FITS = 2, FITS_NOT = -4, IS_SPAN = 4, IS_OTHER_SPAN = -8, LATE = -8, JUMP = -12,
	NEVER = INT32_MIN / 2 };

static int
worth(const struct queue *q, const struct served *s, uint32_t lag)
{
	const struct joined *j = who_joined(q, s, lag);
	uint32_t span = told(q, s);
	bool known = span != NOBODY && !q->a->spans[span].partial;
	if (!j)
		return known && s->habit->level == 0 ? IS_OTHER_SPAN : 0;
	int sum = j->route == s->habit->route && j->level == s->habit->level ? FITS : FITS_NOT;
	if (span != NOBODY && j->span != NOBODY)
		sum += j->span == span ? IS_SPAN : IS_OTHER_SPAN;
	/* A connection comes back to who waits, or is taken by who joins, in one run. */
	if (s->came_back && s->came_back < s->heard && j->time < s->heard)
		sum += LATE;
	return sum;
}

struct path {
	uint8_t *stays;            /* a bit a lag: it came from the same who, not by a jump */
	uint8_t *best;             /* the lag that a jump comes from, a served */
};

static uint8_t
best_of(const int32_t *score)
{
	uint32_t best = 0;
	for (uint32_t i = 1; i < LAGS; i++)
		best = score[i] > score[best] ? i : best;
	return (uint8_t)best;
}

/* How the lag changes from one to the next served when nothing is out of turn. */
static int64_t
drift(const struct queue *q, size_t i)
{
	return (int64_t)q->served[i].ahead - q->served[i - 1].ahead - 1;
}

static void
step(const struct queue *q, size_t i, const int32_t *before, int32_t *after, struct path *p)
{
	const struct served *s = &q->served[i];
	int64_t moved = i ? drift(q, i) : 0;
	if (i)
		p->best[i] = best_of(before);
	for (uint32_t lag = 0; lag < LAGS; lag++) {
		int64_t from = (int64_t)lag - moved;
		int32_t stay = !i ? 0 : from >= 0 && from < LAGS ? before[from] : NEVER;
		int32_t jump = i ? before[p->best[i]] + JUMP : NEVER;
		if (stay >= jump)
			p->stays[i * (LAGS / 8) + lag / 8] |= (uint8_t)(1 << lag % 8);
		after[lag] = (stay >= jump ? stay : jump) + worth(q, s, lag);
	}
}

void
find_path(struct queue *q)
{
	int32_t score[2][LAGS] = { 0 };
	struct path p = { calloc(q->n, LAGS / 8), calloc(q->n, 1) };
	if (!p.stays || !p.best)
		abort();
	for (size_t i = 0; i < q->n; i++)
		step(q, i, score[i % 2], score[(i + 1) % 2], &p);
	uint32_t lag = best_of(score[q->n % 2]);
	for (size_t i = q->n; i-- > 0; ) {
		q->served[i].lag = lag;
		if (i && p.stays[i * (LAGS / 8) + lag / 8] >> lag % 8 & 1)
			lag = (uint32_t)((int64_t)lag - drift(q, i));
		else
			lag = p.best[i];
	}
	free(p.stays);
	free(p.best);
}
