/* SPDX-License-Identifier: MIT */
/* Transactions wait for each other's rows.
 *
 * Signature: a statement that changes rows takes long, and its calls are answered just when another
 * request's transaction ends. A statement that is slow by itself ends when it likes. */
#include <math.h>

#include "diagnose/statements.h"
#include "diagnose/text.h"

#define SHARE_MIN  0.10

static void
tell(const struct facts *f, struct draft *d, const struct run_query *q, double share)
{
	struct run_finding *out = finding_add(d, share, 0.6 + 0.33 * q->released,
	    text_brief(f->run, q->fingerprint, 160));

	out->route = q->route ? run_str(f->run, q->route) : facts_route(f, PART_DB, q->fingerprint);
	out->summary = run_printf(f->run, "transactions wait for each other's rows: %s of the time is %s",
	    PCT(share), text_brief(f->run, q->fingerprint, 60));
	statement_evidence(d, q);
	if (q->calls > 0)
		finding_evidence(d, "%s of its longer calls (beyond chance) are answered within half a "
		    "millisecond of the end of another request's transaction", PCT(q->released));
	else
		finding_evidence(d, "by what the server tells, it waits for a lock %s of its time", PCT(q->released));
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_query *most = NULL;
	bool told = false;

	for (size_t i = 0; i < f->trace->n_queries; i++) {
		const struct run_query *q = &f->trace->queries[i];
		double share = statement_own_share(f, q);
		if (!most || q->released > most->released || isnan(most->released))
			most = q;
		if (!statement_waits_for_rows(q) || share < SHARE_MIN)
			continue;
		tell(f, d, q, share);
		told = true;
	}
	if (told)
		return;
	if (!most || isnan(most->released))
		rule_out(d, "no statement that changes rows takes long");
	else
		rule_out(d, "%s: %s of its longer calls end with another request's transaction, and it has %s "
		    "of the time", text_brief(f->run, most->fingerprint, 60), PCT(most->released),
		    PCT(statement_own_share(f, most)));
}

const struct detector detect_db_lock = {
	.kind = "contention.db-lock", .class = CLASS_CONTENTION, .weight = 1.1 * WEIGHT_CAUSE,
	.detect = detect, .about = "transactions wait for each other's rows",
};
