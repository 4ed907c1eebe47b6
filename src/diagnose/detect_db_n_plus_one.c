/* SPDX-License-Identifier: MIT */
/* One request runs the same statement again and again, once per row of an earlier answer.
 *
 * The share is what is left out when one statement fetches all rows: the statement's time without
 * its first call. */
#include "diagnose/statements.h"
#include "diagnose/talks.h"
#include "diagnose/text.h"

#define SHARE_MIN 0.05

static void
tell(const struct facts *f, struct draft *d, const struct run_query *q, double share)
{
	double calls = statement_calls(q);
	bool clear = q->most_per_request > 1.3 * q->per_request
	    || q->per_request >= 2 * QUERY_REPEATED;
	struct run_finding *out = finding_add(d, share, clear ? 0.95 : 0.88,
	    text_brief(f->run, q->fingerprint, 160));

	out->route = q->route ? run_str(f->run, q->route) : facts_route(f, PART_DB, q->fingerprint);
	out->summary = run_printf(f->run, "%s%s runs one statement %.3g times: %s of the time",
	    out->route ? "a request of " : "a request", out->route ? out->route : "",
	    q->per_request >= 1 ? q->per_request : calls, PCT(share));
	finding_evidence(d, "%.3g calls per request on average, %.3g in the heavier ones",
	    q->per_request, calls);
	statement_evidence(d, q);
	if (statement_lacks_index(q))
		finding_evidence(d, "each call also reads %s whole (see io.db.missing-index)",
		    q->scan_table);
}

/* Where no statement was seen. */
static bool
tell_questions(const struct facts *f, struct draft *d)
{
	const struct run_call *c = talks_most(f, PART_DB);
	double share = c ? talks_share(f, c, PART_DB) * (c->per_request - 1) / c->per_request : 0;

	if (!c || !(c->per_request >= TALKS_REPEATED) || share < SHARE_MIN)
		return false;
	struct run_finding *out = finding_add(d, share, 0.85, c->peer);
	out->summary = run_printf(f->run, "a request asks the database %s %.3g times: %s of the time", c->peer,
	    c->per_request, PCT(share));
	talks_evidence(d, c);
	return true;
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_query *most = NULL;
	bool told = false;

	for (size_t i = 0; i < f->trace->n_queries; i++) {
		const struct run_query *q = &f->trace->queries[i];
		double calls = statement_calls(q);
		if (!statement_is_sql(q))
			continue;
		if (!most || calls > statement_calls(most))
			most = q;
		if (calls < QUERY_REPEATED)
			continue;
		double share = statement_share_around(f, q) * (calls - 1) / calls;
		/* An index removes most of a scanning statement's time whatever its number. */
		if (statement_lacks_index(q))
			share *= 0.9;
		if (share < SHARE_MIN)
			continue;
		tell(f, d, q, share);
		told = true;
	}
	if (told || tell_questions(f, d))
		return;
	if (!most)
		rule_out(d, "no SQL statement was seen");
	else if (statement_calls(most) < QUERY_REPEATED)
		rule_out(d, "no statement runs more than %.3g times per request", statement_calls(most));
	else
		rule_out(d, "%s runs %.3g times per request, but has only %s of the time",
		    text_brief(f->run, most->fingerprint, 60), statement_calls(most),
		    PCT(statement_share_around(f, most)));
}

const struct detector detect_db_n_plus_one = {
	.kind = "io.db.n-plus-one", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "one request runs the same statement many times",
};
