/* SPDX-License-Identifier: MIT */
#include "history/history.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "history/history_figures.h"
#include "history/history_store.h"
#include "stats/changepoint.h"
#include "stats/robust.h"

#define POINTS_MOST 2000           /* the newest; a longer past is of no interest */
#define CHANGES_MOST 64
#define CHANGE_LEAST 0.01          /* relative: nobody acts on less */
#define CONFIDENCE_LEAST 0.9       /* a service has some ten figures, and one false alarm is one too many */
#define ERRORS_LEAST 0.001         /* of the error rate: difference */
#define MAD_TO_SD 1.4826           /* of a normal distribution */
#define SD_POINTS 3

struct history {
	sqlite3 *db;
};

/* history.db lies beside the folder of runs; a folder without parent holds it itself. */
static int
index_file(const char *runs, char *file, size_t size, struct err *e)
{
	size_t length = strlen(runs);

	while (length > 1 && runs[length - 1] == '/')
		length--;
	const char *slash = memrchr(runs, '/', length);
	int parent = slash ? (int)(slash - runs) + 1 : 0;
	if (snprintf(file, size, "%.*shistory.db", parent, runs) >= (int)size)
		return err_set(e, ENAMETOOLONG, "cannot open the index of '%s': name too long", runs);
	return 0;
}

int
history_open(const char *runs, struct history **ret, struct err *e)
{
	char file[4096];
	sqlite3 *db;

	runs = runs ? runs : HISTORY_RUNS;
	if (access(runs, R_OK | X_OK) < 0) {
		int code = err_set(e, errno, "cannot read the folder of runs '%s': %s", runs, strerror(errno));
		err_hint(e, "measure something first: 'prony check URL'");
		return code;
	}
	int code = index_file(runs, file, sizeof(file), e);
	if (code < 0 || (code = history_store_open(file, &db, e)) < 0)
		return code;
	if ((code = history_store_refresh(db, runs, e)) < 0) {
		sqlite3_close(db);
		return code;
	}
	struct history *h = malloc(sizeof(*h));
	if (!h)
		abort();
	h->db = db;
	*ret = h;
	return 0;
}

void
history_close(struct history *h)
{
	if (h)
		sqlite3_close(h->db);
	free(h);
}

/* ---- levels ---- */

static double
median_of(struct arena *a, const double *v, size_t n)
{
	double *copy = arena_alloc(a, n * sizeof(*copy));
	memcpy(copy, v, n * sizeof(*copy));
	return median_take(copy, n);
}

static bool
more_is_better(const char *metric)
{
	return strcmp(metric, "throughput") == 0 || strcmp(metric, "knee_rate") == 0;
}

static bool
matters(const struct history_series *s, const struct changepoint *c)
{
	double difference = fabs(c->after - c->before);

	if (c->confidence < CONFIDENCE_LEAST)
		return false;
	if (strcmp(s->metric, "error_rate") == 0)
		return difference >= ERRORS_LEAST;
	return difference >= CHANGE_LEAST * fabs(c->before);
}

static void
find_changes(struct arena *a, struct history_series *s, const double *y)
{
	struct changepoint found[CHANGES_MOST];
	size_t n = s->n_points < HISTORY_LEAST ? 0 : changepoints(y, s->n_points, found, CHANGES_MOST);

	for (size_t i = 0; i < n; i++)
		if (matters(s, &found[i]))
			*ARENA_PUSH(a, s->changes, s->n_changes) = (struct history_change) {
			    .at = found[i].at, .low = found[i].low, .high = found[i].high,
			    .before = found[i].before, .after = found[i].after,
			    .confidence = found[i].confidence,
			    .worse = (found[i].after > found[i].before) != more_is_better(s->metric) };
}

/* The level since the last change, and how far runs lie from the level of their time. */
static void
find_levels(struct arena *a, struct history_series *s, const double *y)
{
	double *off = arena_alloc(a, s->n_points * sizeof(*off));

	for (size_t k = 0, from = 0; k <= s->n_changes; k++) {
		size_t to = k < s->n_changes ? s->changes[k].at : s->n_points;
		s->level = median_of(a, y + from, to - from);
		for (size_t i = from; i < to; i++)
			off[i] = s->level > 0 ? fabs(y[i] / s->level - 1) : 0;
		from = to;
	}
	s->sd = s->n_points >= SD_POINTS && s->level > 0
	    ? MAD_TO_SD * median_take(off, s->n_points) : NAN;
}

static void
finish_series(struct arena *a, struct history_series *s)
{
	CLEANUP(arena_free_p) struct arena *scratch = arena_new();
	double *y = arena_alloc(scratch, s->n_points * sizeof(*y));

	if (s->n_points > POINTS_MOST) {
		s->points += s->n_points - POINTS_MOST;
		s->n_points = POINTS_MOST;
	}
	for (size_t i = 0; i < s->n_points; i++)
		y[i] = s->points[i].value;
	find_changes(a, s, y);
	find_levels(scratch, s, y);
}

/* ---- asking ---- */

static const char *
text_at(struct arena *a, sqlite3_stmt *s, int column)
{
	return arena_strdup(a, (const char *)sqlite3_column_text(s, column));
}

static bool
same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Columns of a row: what tells series apart, then the run. */
enum { ROW_SERVICE, ROW_URLS, ROW_WORKLOAD, ROW_HOST, ROW_METRIC, ROW_WHAT, ROW_RUN, ROW_CREATED,
	ROW_VALUE, ROW_KEYS = ROW_RUN };

static void
take_row(struct arena *a, sqlite3_stmt *s, const char *key[ROW_KEYS], struct history_answer *ret)
{
	bool same = ret->n_series > 0;

	for (int i = 0; i < ROW_KEYS; i++)
		same = same && same_text(key[i], (const char *)sqlite3_column_text(s, i));
	if (!same) {
		for (int i = 0; i < ROW_KEYS; i++)
			key[i] = text_at(a, s, i);
		*ARENA_PUSH(a, ret->series, ret->n_series) = (struct history_series) {
		    .service = key[ROW_SERVICE], .workload = key[ROW_WORKLOAD], .host = key[ROW_HOST],
		    .metric = key[ROW_METRIC], .what = key[ROW_WHAT], .level = NAN, .sd = NAN };
	}
	struct history_series *series = &ret->series[ret->n_series - 1];
	*ARENA_PUSH(a, series->points, series->n_points) = (struct history_point) {
	    text_at(a, s, ROW_RUN), text_at(a, s, ROW_CREATED), sqlite3_column_double(s, ROW_VALUE) };
}

/* By name, or by one of its URLs, with or without the slash at its end. */
#define OF_SERVICE "(?1 IS NULL OR r.service = ?1 OR " \
	"instr(char(10) || r.urls, char(10) || ?1 || char(10)) OR " \
	"instr(char(10) || r.urls, char(10) || ?1 || '/' || char(10)))"

static int
read_series(sqlite3 *db, const char *service, struct arena *a, struct history_answer *ret)
{
	static const char sql[] = "SELECT r.service, r.urls, r.workload, r.host, f.metric, f.what, r.id,"
	    " r.created, f.value FROM figure f JOIN run r ON r.path = f.path WHERE r.why IS NULL AND "
	    OF_SERVICE " ORDER BY 1, 2, 3, 4, 5, 6, r.created, r.id";
	CLEANUP(finalize_p) sqlite3_stmt *s = NULL;
	const char *key[ROW_KEYS] = { 0 };
	int code = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_bind_text(s, 1, service, -1, SQLITE_STATIC);
	while (code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
		take_row(a, s, key, ret);
		code = SQLITE_OK;
	}
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int
read_runs(sqlite3 *db, const char *service, struct arena *a, struct history_answer *ret)
{
	CLEANUP(finalize_p) sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db, "SELECT r.path, r.why FROM run r WHERE r.why IS NOT NULL OR "
	    OF_SERVICE " ORDER BY 1", -1, &s, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_bind_text(s, 1, service, -1, SQLITE_STATIC);
	while (code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
		if (sqlite3_column_type(s, 1) == SQLITE_NULL)
			ret->runs++;
		else
			*ARENA_PUSH(a, ret->skipped, ret->n_skipped) =
			    (struct history_skipped) { text_at(a, s, 0), text_at(a, s, 1) };
		code = SQLITE_OK;
	}
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

int
history_ask(struct history *h, const char *service, struct arena *a, struct history_answer *ret,
    struct err *e)
{
	*ret = (struct history_answer) { 0 };
	int code = read_runs(h->db, service, a, ret);
	if (code == SQLITE_OK)
		code = read_series(h->db, service, a, ret);
	if (code != SQLITE_OK)
		return history_store_error(h->db, "read", e);
	for (size_t i = 0; i < ret->n_series; i++)
		finish_series(a, &ret->series[i]);
	return 0;
}

bool
history_is_same_load(const struct history_series *a, const struct history_series *b)
{
	return strcmp(a->service, b->service) == 0 && strcmp(a->workload, b->workload) == 0 &&
	    strcmp(a->host, b->host) == 0;
}

bool
history_is_worse(const struct history_series *s)
{
	return s->n_changes && s->changes[s->n_changes - 1].worse;
}

double
history_between(struct history *h, const struct run *r, const char *metric)
{
	CLEANUP(arena_free_p) struct arena *a = arena_new();
	struct history_key key = history_key(a, r);
	struct history_answer answer;
	struct err e = { 0 };

	if (history_ask(h, key.service, a, &answer, &e) < 0)
		return NAN;
	for (size_t i = 0; i < answer.n_series; i++) {
		const struct history_series *s = &answer.series[i];
		if (!s->what && s->n_points >= HISTORY_LEAST && strcmp(s->metric, metric) == 0 &&
		    strcmp(s->workload, key.workload) == 0 && strcmp(s->host, key.host) == 0)
			return s->sd;
	}
	return NAN;
}
