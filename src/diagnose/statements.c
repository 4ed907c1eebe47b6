/* SPDX-License-Identifier: MIT */
#include "diagnose/statements.h"

#include <math.h>

#include "base/buf.h"
#include "diagnose/text.h"

#define SCAN_ROWS_MIN  200   /* reading a smaller table whole is what a planner should do */
#define PLACE_MAX      160
#define PLAN_LINES     2

double
statement_share(const struct facts *f, const struct run_query *q)
{
	double share = facts_share_held(f, PART_DB, q->fingerprint);

	if (share > 0 || !q->fingerprint)
		return text_same(q->engine, "sqlite") ? facts_with_runqueue(f, share) : share;
	/* Requests do not name it: its time against all traced time. */
	double all = f->trace->requests * f->seconds;
	return f->charged[PART_DB] > 0 || !f->scope
	    ? fmin(q->seconds > 0 && all > 0 ? q->seconds / all : 0, fmax(f->charged[PART_DB], 0)) : 0;
}

double
statement_share_around(const struct facts *f, const struct run_query *q)
{
	double calls = 0;

	for (size_t i = 0; i < f->trace->n_queries; i++)
		if (f->trace->queries[i].calls > 0)
			calls += f->trace->queries[i].calls;
	double around = q->calls > 0 ? f->db_cpu * q->calls / calls : 0;
	return fmin(statement_share(f, q) + around, 1);
}

bool
statement_lacks_index(const struct run_query *q)
{
	return q->scan_table && q->n_index_columns > 0
	    && !(q->scan_rows < SCAN_ROWS_MIN);
}

double
statement_calls(const struct run_query *q)
{
	double mean = isfinite(q->per_request) ? q->per_request : 0;

	return isfinite(q->most_per_request) ? fmax(mean, q->most_per_request) : mean;
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
		    DURATION(q->seconds / q->calls), q->per_request, q->route ? " of " : "",
		    q->route ? q->route : "");
	if (isfinite(q->rows))
		finding_evidence(d, "%.0f rows returned per call", q->rows);
	for (size_t i = 0; i < q->n_plan && i < PLAN_LINES; i++)
		finding_evidence(d, "plan: %s", text_brief(r, q->plan[i], 120));
	double held = facts_share_held(d->f, PART_DB, q->fingerprint)
	    - facts_share(d->f, PART_DB, q->fingerprint);
	if (held > 0.01)
		finding_evidence(d, "in %s of the time requests wait for a lock while its holder runs it",
		    PCT(held));
}

const struct run_query *
statement_largest(const struct facts *f)
{
	const struct run_query *best = NULL;
	double most = -1;

	for (size_t i = 0; i < f->trace->n_queries; i++) {
		double share = statement_share(f, &f->trace->queries[i]);
		if (share > most) {
			most = share;
			best = &f->trace->queries[i];
		}
	}
	return best;
}
