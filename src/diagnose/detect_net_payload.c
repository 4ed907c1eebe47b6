/* SPDX-License-Identifier: MIT */
/* A route gives so much in one answer that fetching, rendering and sending it limits.
 *
 * Signature: large answers made of many fetched rows, and the route has much of all time, spent
 * in what grows with the answer: its statements of many rows, computing, sending. A large file
 * that is only sent is no such answer. */
#include <math.h>

#include "diagnose/peers.h"
#include "diagnose/statements.h"
#include "diagnose/text.h"

#define BODY_MIN_BYTES (32 * 1024)
#define ROWS_MIN       100
#define SHARE_MIN      0.30

static const struct run_query *
widest_query(const struct facts *f, const char *route)
{
	const struct run_query *best = NULL;

	for (size_t i = 0; i < f->trace->n_queries; i++) {
		const struct run_query *q = &f->trace->queries[i];
		if (text_same(q->route, route) && q->rows >= ROWS_MIN && !statement_lacks_index(q)
		    && (!best || q->rows > best->rows))
			best = q;
	}
	return best;
}

/* Time of the route that grows with its answer, over the time of all routes. */
static double
share_of(const struct facts *f, const char *route, const struct run_query *q)
{
	double sum = 0, all = 0;

	for (size_t i = 0; i < f->run->n_time; i++) {
		const struct run_time *t = &f->run->time[i];
		if (!text_same(t->scope ? t->scope : "all", f->scope) || !(t->seconds > 0))
			continue;
		double seconds = t->requests * t->seconds;
		all += seconds;
		for (size_t k = 0; k < t->n_parts && text_same(t->route, route); k++) {
			const struct run_part *p = &t->parts[k];
			if (p->kind == PART_CPU
			    || (p->kind == PART_DB && text_same(p->where, q->fingerprint))
			    || (p->kind == PART_NET && peer_is_client(p->where)))
				sum += p->share * seconds;
		}
	}
	return all > 0 ? sum / all : 0;
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_baseline *b = &f->run->baseline;
	double largest = 0;
	bool told = false;

	for (size_t i = 0; i < b->n_routes; i++) {
		const struct run_route *t = &b->routes[i];
		largest = t->body_bytes > largest ? t->body_bytes : largest;
		const struct run_query *q = widest_query(f, t->route);
		if (!(t->body_bytes >= BODY_MIN_BYTES) || !q)
			continue;
		double share = share_of(f, t->route, q);
		if (share < SHARE_MIN)
			continue;
		struct run_finding *out = finding_add(d, share, 0.8, t->route);
		out->route = run_str(f->run, t->route);
		out->summary = run_printf(f->run, "%s answers %s at once: fetching, rendering and sending "
		    "that is %s of the time", t->route, SIZE(t->body_bytes), PCT(share));
		finding_evidence(d, "%s per answer%s%s", SIZE(t->body_bytes),
		    t->content_encoding ? ", encoded as " : ", uncompressed",
		    t->content_encoding ? t->content_encoding : "");
		finding_evidence(d, "%.0f rows per answer from %s", q->rows,
		    text_brief(f->run, q->fingerprint, 80));
		finding_against(d, "whether the client needs all of it is for it to say");
		told = true;
	}
	if (!told)
		rule_out(d, "no large answer made of many rows has %s of the time; the largest answer "
		    "is %s", PCT(SHARE_MIN), SIZE(largest));
}

const struct detector detect_net_payload = {
	.kind = "io.net.payload", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "a route gives too much in one answer",
};
