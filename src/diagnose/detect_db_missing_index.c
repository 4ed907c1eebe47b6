/* SPDX-License-Identifier: MIT */
/* A statement reads a whole table although an index would do.
 *
 * Signature: the plan scans a table that is not small, and the planner itself would take a
 * certain index. Without that confirmation a scan is only a slow query: reading everything is
 * right when everything is wanted. */
#include <math.h>

#include "diagnose/statements.h"
#include "diagnose/text.h"

#define SHARE_MIN 0.10

static void
tell(const struct facts *f, struct draft *d, const struct run_query *q, double share)
{
	const char *table = q->index_table ? q->index_table : q->scan_table;
	double direct = facts_share_held(f, PART_DB, q->fingerprint);
	struct run_finding *out = finding_add(d, share,
	    (q->index_plan ? 0.97 : 0.85) * facts_attribution(share, direct),
	    statement_place(f->run, q));

	out->route = q->route ? run_str(f->run, q->route) : facts_route(f, PART_DB, q->fingerprint);
	out->summary = run_printf(f->run, "%s of the time is %s (no index on %s)", PCT(share),
	    text_brief(f->run, q->fingerprint, 48), statement_index(f->run, q));
	finding_evidence(d, "reads %s without an index, about %.0f rows", q->scan_table,
	    isfinite(q->scan_rows) ? q->scan_rows : 0);
	statement_evidence(d, q);
	if (q->index_plan)
		finding_evidence(d, "with an index on %s the planner says: %s", table,
		    text_brief(f->run, q->index_plan, 120));
	if (statement_calls(q) >= QUERY_REPEATED)
		finding_evidence(d, "it also runs %.3g times per request (see io.db.n-plus-one)",
		    statement_calls(q));
}

static bool
any_plan(const struct run_trace *t)
{
	for (size_t i = 0; i < t->n_queries; i++)
		if (t->queries[i].n_plan)
			return true;
	return false;
}

static void
detect(const struct facts *f, struct draft *d)
{
	bool told = false;
	const struct run_query *seen = NULL;

	for (size_t i = 0; i < f->trace->n_queries; i++) {
		const struct run_query *q = &f->trace->queries[i];
		double share = statement_share(f, q);
		if (!statement_lacks_index(q))
			continue;
		seen = q;
		if (share < SHARE_MIN)
			continue;
		tell(f, d, q, share);
		told = true;
	}
	if (told)
		return;
	if (f->trace->n_queries == 0)
		rule_out(d, "no SQL statement was seen");
	else if (seen)
		rule_out(d, "%s lacks an index, but has only %s of the time",
		    text_brief(f->run, seen->fingerprint, 60), PCT(statement_share(f, seen)));
	else if (!any_plan(f->trace))
		rule_out(d, "not known: no plan of the %zu statements could be read", f->trace->n_queries);
	else
		rule_out(d, "none of the %zu statements reads a large table that an index would spare",
		    f->trace->n_queries);
}

const struct detector detect_db_missing_index = {
	.kind = "io.db.missing-index", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "a statement reads a whole table for want of an index",
};
