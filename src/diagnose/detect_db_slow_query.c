/* SPDX-License-Identifier: MIT */
/* A statement has much of the time, and neither a missing index nor its number explains it.
 * Time in a database whose statements were not seen is told by the database's address. */
#include "diagnose/statements.h"
#include "diagnose/talks.h"
#include "diagnose/text.h"

#define SHARE_MIN 0.20
#define BRIEF_S   0.001    /* of a call: where every target is met, nobody need make it faster */

static bool
is_good_enough(const struct facts *f, const struct run_query *q)
{
	return f->at_rest || (f->at_ease && statement_seconds(q) < BRIEF_S);
}

static bool
explained(const struct facts *f, const struct run_query *q)
{
	const struct run_call *c = q->calls > 0 ? NULL : talks_most(f, PART_DB);

	return statement_lacks_index(q) || statement_waits_for_rows(q)
	    || statement_calls(q) >= QUERY_REPEATED || (c && c->per_request >= TALKS_REPEATED);
}

static const struct run_query *
query_of(const struct facts *f, const char *where)
{
	for (size_t i = 0; where && i < f->trace->n_queries; i++)
		if (text_same(f->trace->queries[i].fingerprint, where))
			return &f->trace->queries[i];
	return NULL;
}

static void
tell_query(const struct facts *f, struct draft *d, const struct run_query *q, double share)
{
	double direct = facts_share_held(f, PART_DB, q->fingerprint);
	struct run_finding *out = finding_add(d, share,
	    (q->n_plan ? 0.9 : 0.8) * facts_attribution(share, direct), statement_place(f->run, q));

	out->route = q->route ? run_str(f->run, q->route) : facts_route(f, PART_DB, q->fingerprint);
	out->summary = run_printf(f->run, "%s of the time is one statement: %s", PCT(share),
	    text_brief(f->run, q->fingerprint, 60));
	statement_evidence(d, q);
	if (statement_is_commit(q))
		finding_evidence(d, "a commit does no work but waiting until the log has reached the disk");
	else if (q->n_plan && !q->scan_table)
		finding_evidence(d, "its plan uses indexes: the work itself is large");
	else if (!q->n_plan)
		finding_against(d, "its plan could not be asked for");
}

static bool
tell_places(const struct facts *f, struct draft *d)
{
	bool told = false;

	for (size_t i = 0; i < f->n_parts; i++) {
		const struct run_part *p = &f->parts[i];
		if (p->kind != PART_DB || f->at_rest || p->share < SHARE_MIN || query_of(f, p->where))
			continue;
		struct run_finding *out = finding_add(d, p->share, 0.7,
		    text_brief(f->run, p->where, 160));
		out->route = facts_route(f, PART_DB, p->where);
		out->summary = run_printf(f->run, "%s of the time is spent in the database: %s",
		    PCT(p->share), text_brief(f->run, p->where, 60));
		finding_evidence(d, "%s per request", DURATION(p->seconds));
		finding_against(d, "which statement it is was not seen");
		told = true;
	}
	return told;
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_query *largest = statement_largest(f, true);
	bool told = false;

	for (size_t i = 0; i < f->trace->n_queries; i++) {
		const struct run_query *q = &f->trace->queries[i];
		double share = statement_own_share(f, q);
		if (!statement_is_sql(q) || explained(f, q) || is_good_enough(f, q) || share < SHARE_MIN)
			continue;
		tell_query(f, d, q, share);
		told = true;
	}
	if (tell_places(f, d) || told)
		return;
	if (!largest)
		rule_out(d, "databases have %s of the requests' time", PCT(f->charged[PART_DB]));
	else if (explained(f, largest) && statement_share(f, largest) >= SHARE_MIN)
		rule_out(d, "the heaviest statement is explained by its missing index, its number or other "
		    "transactions");
	else if (is_good_enough(f, largest))
		rule_out(d, "every target is met, and the heaviest statement takes %s", DURATION(statement_seconds(largest)));
	else
		rule_out(d, "the heaviest statement has %s of the time", PCT(statement_share(f, largest)));
}

const struct detector detect_db_slow_query = {
	.kind = "io.db.slow-query", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "one statement has much of the time",
};
