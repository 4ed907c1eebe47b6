/* SPDX-License-Identifier: MIT */
#include "stats/changepoint.h"

#include <stdbool.h>

#include "base/cleanup.h"
#include "check.h"
#include "labelled.h"

#define ROOM 64

static uint64_t seed;

/* Nearly normal: the sum of twelve even ones. */
static double
noise(void)
{
	double sum = -6;
	for (int i = 0; i < 12; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		sum += (double)(seed >> 11) / 9007199254740992.0;
	}
	return sum;
}

static void
shapes_are_told_apart(void **state)
{
	static const struct {
		const char *name;
		size_t n, step_at, step_back;   /* 0: none */
		double step, slope, wave, sd;
		size_t want;
	} rows[] = {
		{ "noise",                  100, 0, 0, 0, 0, 0, 1, 0 },
		{ "a step",                 100, 40, 0, 5, 0, 0, 1, 1 },
		{ "a step without noise",   30, 10, 0, 5, 0, 0, 0, 1 },
		{ "constant",               30, 0, 0, 0, 0, 0, 0, 0 },
		{ "there and back",         120, 40, 80, 5, 0, 0, 1, 2 },
		{ "a line",                 200, 0, 0, 0, 0.02, 0, 1, 0 },
		{ "a line with a step",     200, 90, 0, -5, 0.02, 0, 1, 1 },
		{ "a wave",                 200, 0, 0, 0, 0, 3, 1, 0 },
		{ "a wave with a step",     200, 120, 0, 6, 0, 3, 1, 1 },
		{ "the shortest with one",  8, 4, 0, 40, 0, 0, 1, 1 },
		{ "too short",              7, 3, 0, 40, 0, 0, 1, 0 },
		{ "smaller than the noise", 600, 300, 0, 0.5, 0, 0, 1, 0 },
		{ "long",                   5000, 3000, 0, 4, 0, 0, 1, 1 },
	};
	double y[5000];
	struct changepoint found[ROOM];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		seed = 7;
		for (size_t t = 0; t < rows[i].n; t++) {
			bool high = rows[i].step_at && t >= rows[i].step_at &&
			    (!rows[i].step_back || t < rows[i].step_back);
			y[t] = 100 + (high ? rows[i].step : 0) + rows[i].slope * (double)t +
			    rows[i].wave * sin((double)t * 2 * M_PI / 12) + rows[i].sd * noise();
		}
		size_t n = changepoints(y, rows[i].n, found, ROOM);
		if (n != rows[i].want)
			fail_msg("%s: %zu changes, wanted %zu", rows[i].name, n, rows[i].want);
		if (n && (found[0].at < rows[i].step_at - 1 || found[0].at > rows[i].step_at + 1))
			fail_msg("%s: at %zu", rows[i].name, found[0].at);
	}
}

static void
a_change_is_described(void **state)
{
	double y[80];
	struct changepoint c[2];

	seed = 11;
	for (size_t i = 0; i < 80; i++)
		y[i] = (i < 50 ? 20 : 24) + noise();
	y[20] = 90;   /* one wild run is none */
	size_t n = changepoints(y, 80, c, 2);
	if (n != 1)
		fail_msg("%zu changes, at %zu and %zu", n, c[0].at, c[1].at);
	CHECK_NEAR(c[0].before, 20, 0.6);
	CHECK_NEAR(c[0].after, 24, 0.6);
	assert_true(c[0].low <= 50 && c[0].high >= 50);
	assert_true(c[0].low <= c[0].at && c[0].at <= c[0].high && c[0].high - c[0].low <= 4);
	assert_true(c[0].confidence > 0.99 && c[0].confidence <= 1);
}

static void
no_more_than_there_is_room(void **state)
{
	double y[90];
	struct changepoint c[2] = { { .at = 0 }, { .at = 12345 } };

	seed = 5;
	for (size_t i = 0; i < 90; i++)
		y[i] = (i / 30 % 2 ? 30 : 10) + noise();
	assert_int_equal(changepoints(y, 90, c, 1), 1);
	assert_int_equal(c[0].at, 30);
	assert_int_equal(c[1].at, 12345);
}

/* Its means of two are all alike. */
static void
a_long_saw_has_no_change(void **state)
{
	double y[600];
	struct changepoint c[2];

	for (size_t i = 0; i < 600; i++)
		y[i] = i % 2 ? 3 : 1;
	assert_int_equal(changepoints(y, 600, c, 2), 0);
}

/* ---- the labelled set ---- */

struct score { char kind[24]; size_t right, wrong, missed, quiet, alarms; };

static double
f1(const struct score *s)
{
	return 2.0 * (double)s->right / (double)(2 * s->right + s->wrong + s->missed);
}

/* One to one, nearest pairs first, within five points. */
static size_t
matches(const struct labelled *l, const struct changepoint *found, size_t n)
{
	bool used[ROOM] = { 0 }, had[LABELLED_CHANGES] = { 0 };
	size_t right = 0;

	for (size_t off = 0; off <= 5; off++)
		for (size_t i = 0; i < l->n_changes; i++)
			for (size_t k = 0; k < n && !had[i]; k++) {
				size_t a = l->changes[i], b = found[k].at;
				if (used[k] || (a > b ? a - b : b - a) != off)
					continue;
				used[k] = had[i] = true;
				right++;
			}
	return right;
}

static struct score *
score_of(struct score *scores, size_t *n, const char *kind)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(scores[i].kind, kind) == 0)
			return &scores[i];
	snprintf(scores[*n].kind, sizeof(scores[*n].kind), "%s", kind);
	return &scores[(*n)++];
}

static void
count(struct score *s, const struct labelled *l, size_t right, size_t found)
{
	s->right += right;
	s->wrong += found - right;
	s->missed += l->n_changes - right;
	s->quiet += !l->n_changes;
	s->alarms += !l->n_changes && found;
}

static void
the_labelled_set(void **state)
{
	static struct labelled l;
	struct score kinds[16] = { 0 }, all = { 0 };
	struct changepoint found[ROOM];
	size_t n_kinds = 0, series = 0;
	CLEANUP(file_close_p) FILE *f = fopen(LABELLED_SET, "r");
	int more;

	assert_non_null(f);
	while ((more = labelled_next(f, &l)) > 0) {
		size_t n = changepoints(l.y, l.n, found, ROOM), right = matches(&l, found, n);
		count(score_of(kinds, &n_kinds, l.kind), &l, right, n);
		count(&all, &l, right, n);
		series++;
	}
	assert_int_equal(more, 0);
	assert_int_equal(series, 200);
	assert_int_equal(n_kinds, 8);
	for (size_t i = 0; i < n_kinds; i++)
		if (f1(&kinds[i]) < 0.75)
			fail_msg("%s: F1 %.3f", kinds[i].kind, f1(&kinds[i]));
	if (f1(&all) < 0.88)
		fail_msg("F1 %.3f", f1(&all));
	if (all.alarms * 20 > all.quiet)
		fail_msg("%zu of %zu quiet series raise an alarm", all.alarms, all.quiet);
}

RUN_TESTS(
	cmocka_unit_test(shapes_are_told_apart),
	cmocka_unit_test(a_change_is_described),
	cmocka_unit_test(no_more_than_there_is_room),
	cmocka_unit_test(a_long_saw_has_no_change),
	cmocka_unit_test(the_labelled_set),
)
