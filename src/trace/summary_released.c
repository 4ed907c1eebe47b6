/* SPDX-License-Identifier: MIT */
/* Statements that end when another request's transaction does: they waited for its rows.
 *
 * A row lock is held to the end of the transaction. So a statement that waited for one is answered
 * just when somebody else's COMMIT is done. By chance a call ends as near to some COMMIT too, the
 * oftener the more there are; with COMMITs at rate r that chance is 1 - exp(-2 r NEAR), and what is
 * told is the share beyond it. A statement that commits by itself tells nothing: it waits for the
 * disk too, and the database brings several commits there at once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/search.h"
#include "trace/summary.h"

#define LONG_NS    (1 * NS_PER_MS)    /* a shorter call hardly waited */
#define NEAR_NS    (NS_PER_MS / 2)
#define LONG_MIN   30                 /* calls, for a share to mean something */
#define CHANCE_MAX 0.9

struct end { int64_t time; uint32_t span; };

struct ends { struct end *items; size_t n; };

static bool
begins(const char *text, const char *const *words)
{
	for (; text && *words; words++)
		if (!strncasecmp(text, *words, strlen(*words)))
			return true;
	return false;
}

static bool
ends_transaction(const char *text)
{
	static const char *const words[] = { "COMMIT", "END", "ROLLBACK", NULL };
	return begins(text, words);
}

static bool
locks_rows(const char *text)
{
	static const char *const words[] = { "UPDATE", "DELETE", "MERGE", NULL };
	static const char *const parts[] = { " ON CONFLICT", " FOR UPDATE", " FOR NO KEY UPDATE", " FOR SHARE", NULL };
	if (begins(text, words))
		return true;
	for (size_t i = 0; text && parts[i]; i++)
		if (strcasestr(text, parts[i]))
			return true;
	return false;
}

static int
by_time(const void *left, const void *right)
{
	const struct end *l = left, *r = right;
	return l->time < r->time ? -1 : l->time > r->time;
}

static struct ends
collect_ends(struct summary *s)
{
	struct ends out = { 0 };
	for (size_t i = 0; i < s->a->n_calls; i++) {
		const struct call *c = &s->a->calls[i];
		if (c->kind == PART_DB && c->end && ends_transaction(tape_text(s->a->tape, c->statement)))
			*ARENA_PUSH(s->arena, out.items, out.n) = (struct end){ c->end, c->span };
	}
	sort_list(out.items, out.n, sizeof(*out.items), by_time);
	return out;
}

static bool
ended_with_another(const struct ends *ends, const struct call *c)
{
	size_t after = FIRST_WHERE(i, ends->n, ends->items[i].time >= c->end - NEAR_NS);
	for (; after < ends->n && ends->items[after].time <= c->end + NEAR_NS; after++)
		if (ends->items[after].span != c->span)
			return true;
	return false;
}

static double
released(struct summary *s, const struct ends *ends, const char *fingerprint)
{
	int64_t waited = 0, with = 0;
	for (size_t i = 0; i < s->a->n_calls; i++) {
		const struct call *c = &s->a->calls[i];
		const char *text = tape_text(s->a->tape, c->statement);
		if (c->kind != PART_DB || !c->end || c->end - c->start < LONG_NS)
			continue;
		if (!text || strcmp(text, fingerprint) != 0)
			continue;
		waited++;
		with += ended_with_another(ends, c);
	}
	double rate = (double)ends->n / fmax(tape_seconds(s->a->tape), 1e-3);
	double chance = 1 - exp(-2 * rate * ns_to_s(NEAR_NS));
	if (waited < LONG_MIN || chance > CHANCE_MAX)
		return NAN;
	return fmax(0, ((double)with / (double)waited - chance) / (1 - chance));
}

void
summary_released(struct summary *s)
{
	struct run_trace *t = &s->r->evidence.trace;
	struct ends ends = collect_ends(s);
	for (size_t i = 0; i < t->n_queries; i++)
		if (ends.n && locks_rows(t->queries[i].fingerprint))
			t->queries[i].released = released(s, &ends, t->queries[i].fingerprint);
}
