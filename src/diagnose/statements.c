/* SPDX-License-Identifier: MIT */
#include "diagnose/statements.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "diagnose/driver.h"
#include "diagnose/pool_queue.h"
#include "diagnose/text.h"

#define SLOW_SECONDS   0.010 /* a statement that takes less is not what a pool is too small for */
#define SCAN_ROWS_MIN  200   /* reading a smaller table whole is what a planner should do */
#define RELEASED_MIN   0.5
#define CALL_BYTES     1000  /* a call costs a driver what so many bytes do: an estimate */
#define PLACE_MAX      160
#define PLAN_LINES     2

bool
statement_is_sql(const struct run_query *q)
{
	return !text_same(q->engine, "redis");
}

bool
statement_is_commit(const struct run_query *q)
{
	return q->fingerprint && strncasecmp(q->fingerprint, "COMMIT", strlen("COMMIT")) == 0;
}

/* What a request's time in it is painted as. */
static enum run_part_kind
statement_part(const struct run_query *q)
{
	return statement_is_sql(q) ? PART_DB : PART_CACHE;
}

double
statement_seconds(const struct run_query *q)
{
	return q->calls > 0 ? q->seconds / q->calls : NAN;
}

double
statement_share(const struct facts *f, const struct run_query *q)
{
	enum run_part_kind kind = statement_part(q);
	double share = facts_share_held(f, kind, q->fingerprint);

	if (share > 0 || !q->fingerprint)
		return text_same(q->engine, "sqlite") ? facts_with_runqueue(f, share) : share;
	/* Requests do not name it: its time against all traced time. */
	double all = f->trace->requests * f->seconds;
	return f->charged[kind] > 0 || !f->scope
	    ? fmin(q->seconds > 0 && all > 0 ? q->seconds / all : 0, fmax(f->charged[kind], 0)) : 0;
}

/* Of the time on connections, that in this statement. */
static double
share_of_pool(const struct run_wait *w, const struct run_query *q)
{
	for (size_t i = 0; i < w->n_holder; i++)
		if (w->holder[i].kind == statement_part(q)
		    && text_same(w->holder[i].where, q->fingerprint) && w->holder[i].share > 0)
			return fmin(w->holder[i].share, 1);
	return 0;
}

static bool
is_slow(const struct run_query *q)
{
	return statement_lacks_index(q) || statement_seconds(q) >= SLOW_SECONDS;
}

bool
statement_takes_pool(const struct facts *f)
{
	const struct run_wait *w = pool_queue(f);
	double sum = 0;

	for (size_t i = 0; w && i < f->trace->n_queries; i++)
		if (is_slow(&f->trace->queries[i]))
			sum += share_of_pool(w, &f->trace->queries[i]);
	return sum > 0.5;
}

double
statement_own_share(const struct facts *f, const struct run_query *q)
{
	const struct run_wait *w = pool_queue(f);
	double share = statement_share(f, q);

	if (w && !is_slow(q))
		share -= pool_queue_share(f, w) * share_of_pool(w, q);
	return fmax(share, 0);
}

/* What a statement has in the work of drivers goes with its calls and with the bytes that they bring. */
static double
cost(const struct run_query *q)
{
	double bytes = q->bytes > 0 ? q->bytes : 0;

	return q->calls > 0 ? q->calls * (CALL_BYTES + bytes) : 0;
}

double
statement_share_around(const struct facts *f, const struct run_query *q)
{
	bool sql = statement_is_sql(q);
	double all = 0, around = sql ? f->db_cpu : 0;

	for (size_t i = 0; i < f->trace->n_queries; i++)
		if (statement_is_sql(&f->trace->queries[i]) == sql)
			all += cost(&f->trace->queries[i]);
	enum driver driver = sql ? DRIVER_SQL : DRIVER_KEY_VALUE;
	around += q->bytes >= STATEMENT_LARGE ? driver_unpacking(f, driver) : driver_share(f, driver);
	if (!sql && q->database)   /* a large answer's rest comes when its command is answered already */
		around += facts_share(f, PART_CACHE, q->database) + facts_share(f, PART_NET, q->database);
	return fmin(statement_share(f, q) + (all > 0 ? around * cost(q) / all : 0), 1);
}

bool
statement_lacks_index(const struct run_query *q)
{
	return q->scan_table && q->n_index_columns > 0
	    && !(q->scan_rows < SCAN_ROWS_MIN);
}

bool
statement_waits_for_rows(const struct run_query *q)
{
	return q->released >= RELEASED_MIN;
}

double
statement_calls(const struct run_query *q)
{
	double mean = isfinite(q->per_request) ? q->per_request : 0;

	return isfinite(q->most_per_request) ? fmax(mean, q->most_per_request) : mean;
}

const struct run_query *
statement_repeated(const struct facts *f)
{
	const struct run_query *most = NULL;

	for (size_t i = 0; i < f->trace->n_queries; i++) {
		const struct run_query *q = &f->trace->queries[i];
		double calls = statement_calls(q);
		if (calls >= QUERY_REPEATED && (!most || calls > statement_calls(most)))
			most = q;
	}
	return most;
}

const struct run_query *
statement_large(const struct facts *f)
{
	const struct run_query *most = NULL;

	for (size_t i = 0; i < f->trace->n_queries; i++) {
		const struct run_query *q = &f->trace->queries[i];
		if (q->bytes >= STATEMENT_LARGE && q->per_request >= LARGE_OFTEN && (!most || q->bytes > most->bytes))
			most = q;
	}
	return most;
}

const char *
statement_index(struct run *r, const struct run_query *q)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s(", q->index_table ? q->index_table : q->scan_table);
	for (size_t i = 0; i < q->n_index_columns; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", q->index_columns[i]);
	buf_putc(&b, ')');
	const char *out = run_str(r, buf_text(&b));
	buf_done(&b);
	return out;
}

const char *
statement_place(struct run *r, const struct run_query *q)
{
	const char *text = text_brief(r, q->fingerprint, PLACE_MAX);

	return statement_lacks_index(q) ? run_printf(r, "%s: %s", statement_index(r, q), text) : text;
}

void
statement_evidence(struct draft *d, const struct run_query *q)
{
	struct run *r = d->f->run;

	if (q->calls > 0)
		finding_evidence(d, "%.0f calls, %s each, %.3g per request%s%s", q->calls,
		    DURATION(statement_seconds(q)), q->per_request, q->route ? " of " : "",
		    q->route ? q->route : "");
	if (isfinite(q->rows))
		finding_evidence(d, "%.0f rows returned per call", q->rows);
	if (q->bytes > 0)
		finding_evidence(d, "%s in an answer", SIZE(q->bytes));
	for (size_t i = 0; i < q->n_plan && i < PLAN_LINES; i++)
		finding_evidence(d, "plan: %s", text_brief(r, q->plan[i], 120));
	double held = facts_share_held(d->f, statement_part(q), q->fingerprint)
	    - facts_share(d->f, statement_part(q), q->fingerprint);
	if (held > 0.01)
		finding_evidence(d, "in %s of the time requests wait for a lock while its holder runs it",
		    PCT(held));
}

const struct run_query *
statement_largest(const struct facts *f, bool sql)
{
	const struct run_query *best = NULL;
	double most = -1;

	for (size_t i = 0; i < f->trace->n_queries; i++) {
		double share = statement_share(f, &f->trace->queries[i]);
		if (statement_is_sql(&f->trace->queries[i]) == sql && share > most) {
			most = share;
			best = &f->trace->queries[i];
		}
	}
	return best;
}
