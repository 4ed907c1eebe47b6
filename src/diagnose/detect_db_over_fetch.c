/* SPDX-License-Identifier: MIT */
/* A statement brings far more than the answer shows: wide columns, rows that code throws away.
 *
 * Signature: the bytes that a request reads from the database are many times those that it
 * answers, and many. What goes away is the part of the statement's time, and of the time in which
 * its answer is received and unpacked, that the surplus has: more telling than the loop or the
 * function that is busy with that. */
#include <math.h>

#include "diagnose/driver.h"
#include "diagnose/statements.h"
#include "diagnose/text.h"

#define SHARE_MIN    0.08
#define SURPLUS      8               /* read over answered */
#define PACKED       5               /* a compressed answer stands for so much more */

static const struct run_route *
route_of(const struct run *r, const char *route)
{
	for (size_t i = 0; i < r->baseline.n_routes; i++)
		if (text_same(r->baseline.routes[i].route, route))
			return &r->baseline.routes[i];
	return r->baseline.n_routes == 1 ? &r->baseline.routes[0] : NULL;
}

/* Bytes of what the route answers, before compression; NAN unknown. */
static double
answered(const struct run *r, const struct run_query *q)
{
	const struct run_route *route = route_of(r, q->route);
	bool packed = route && route->content_encoding && !text_same(route->content_encoding, "identity");

	return route ? route->body_bytes * (packed ? PACKED : 1) : NAN;
}

static double
read_per_request(const struct run_query *q)
{
	return q->bytes * fmax(isfinite(q->per_request) ? q->per_request : 0, 1);
}

static void
tell(const struct facts *f, struct draft *d, const struct run_query *q, double share, double driver)
{
	struct run_finding *out = finding_add(d, share, isfinite(q->rows) ? 0.9 : 0.8,
	    text_brief(f->run, q->fingerprint, 160));

	out->route = q->route ? run_str(f->run, q->route) : facts_route(f, PART_DB, q->fingerprint);
	out->summary = run_printf(f->run, "%s reads %s a request and answers with %s: %s",
	    out->route ? out->route : "the service", SIZE(read_per_request(q)), SIZE(answered(f->run, q)),
	    text_brief(f->run, q->fingerprint, 60));
	statement_evidence(d, q);
	finding_evidence(d, "read %.2g times what is answered", read_per_request(q) / answered(f->run, q));
	if (driver > 0)
		finding_evidence(d, "receiving and unpacking what databases send has %s of the time", PCT(driver));
}

/* Brief answers that add up are the number's fault: io.db.n-plus-one. */
static bool
is_repeated(const struct run_query *q)
{
	return q->bytes < STATEMENT_LARGE && statement_calls(q) >= QUERY_REPEATED;
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_query *most = NULL;
	double driver = driver_unpacking(f, DRIVER_SQL);
	bool told = false;

	for (size_t i = 0; i < f->trace->n_queries; i++) {
		const struct run_query *q = &f->trace->queries[i];
		double whole = answered(f->run, q), reads = read_per_request(q);
		if (!statement_is_sql(q) || !(reads > 0) || is_repeated(q))
			continue;
		if (!most || reads > read_per_request(most))
			most = q;
		if (!(reads >= STATEMENT_LARGE) || !(reads >= SURPLUS * whole) || statement_lacks_index(q))
			continue;
		double share = statement_share_around(f, q) * (1 - whole / reads);
		if (share < SHARE_MIN)
			continue;
		tell(f, d, q, share, driver);
		told = true;
	}
	if (told)
		return;
	if (!most)
		rule_out(d, "how much the statements bring was not seen");
	else
		rule_out(d, "a request reads at most %s from a database, and answers with %s",
		    SIZE(read_per_request(most)), SIZE(answered(f->run, most)));
}

const struct detector detect_db_over_fetch = {
	.kind = "io.db.over-fetch", .class = CLASS_IO, .weight = 1.7 * WEIGHT_CAUSE, .detect = detect,
	.about = "a statement brings far more than the answer shows",
};
