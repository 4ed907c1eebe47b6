/* SPDX-License-Identifier: MIT */
/* One request asks Redis for one key after another.
 *
 * Commands that are sent together and answered together (a pipeline) cost one round trip, however
 * many they are: they are left alone. The share is what one command for all keys leaves out. */
#include "diagnose/statements.h"
#include "diagnose/talks.h"
#include "diagnose/text.h"

#define SHARE_MIN   0.05
#define PIPELINED   0.5    /* of the calls overlap another one of the request */

static bool
is_pipelined(const struct run_query *q)
{
	return q->at_once >= PIPELINED;
}

static void
tell(const struct facts *f, struct draft *d, const struct run_query *q, double share)
{
	struct run_finding *out = finding_add(d, share, 0.92, text_brief(f->run, q->fingerprint, 160));

	out->route = q->route ? run_str(f->run, q->route) : facts_route(f, PART_CACHE, q->fingerprint);
	out->summary = run_printf(f->run, "%s%s sends Redis %s %.3g times, one after another: %s of the "
	    "time", out->route ? "a request of " : "a request", out->route ? out->route : "",
	    text_brief(f->run, q->fingerprint, 48), statement_calls(q), PCT(share));
	statement_evidence(d, q);
	if (q->at_once >= 0)
		finding_evidence(d, "%s of them are on their way while another one is", PCT(q->at_once));
	if (!(q->at_once >= 0))
		finding_against(d, "whether they are sent together was not seen");
}

/* Where no command was seen: what is sent together leaves together, and is one question. */
static bool
tell_questions(const struct facts *f, struct draft *d)
{
	const struct run_call *c = talks_most(f, PART_CACHE);
	double share = c ? talks_share(f, c, PART_CACHE) * (c->per_request - 1) / c->per_request : 0;

	if (!c || !(c->per_request >= TALKS_REPEATED) || share < SHARE_MIN)
		return false;
	struct run_finding *out = finding_add(d, share, 0.85, c->peer);
	out->summary = run_printf(f->run, "a request asks %s %.3g times, one after another: %s of the time", c->peer,
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
		if (statement_is_sql(q))
			continue;
		if (!most || calls > statement_calls(most))
			most = q;
		if (calls < QUERY_REPEATED || is_pipelined(q))
			continue;
		double share = statement_share_around(f, q) * (calls - 1) / calls;
		if (share < SHARE_MIN)
			continue;
		tell(f, d, q, share);
		told = true;
	}
	if (told || tell_questions(f, d))
		return;
	if (!most)
		rule_out(d, "no command of Redis was seen");
	else if (statement_calls(most) < QUERY_REPEATED)
		rule_out(d, "no command is sent more than %.3g times per request", statement_calls(most));
	else if (is_pipelined(most))
		rule_out(d, "%s is sent %.3g times per request, but in pipelines",
		    text_brief(f->run, most->fingerprint, 60), statement_calls(most));
	else
		rule_out(d, "%s is sent %.3g times per request, but has only %s of the time",
		    text_brief(f->run, most->fingerprint, 60), statement_calls(most),
		    PCT(statement_share_around(f, most)));
}

const struct detector detect_redis_n_plus_one = {
	.kind = "io.redis.n-plus-one", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "one request sends Redis the same command many times",
};
