/* SPDX-License-Identifier: MIT */
/* Few requests compute something, but those do it at the same time: each finds the same answer missing
 * and makes it for itself.
 *
 * Must also hold: they come together far more than requests that know nothing of each other would. Work
 * that every request does is a hot function, however many are in it at a time. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define REQUESTS_MAX 0.5
#define AT_ONCE_MIN  2.5
#define TOGETHER_MIN 2     /* times what chance would bring together */
#define SHARE_MIN    0.15

static bool
is_stampede(const struct run_function *fn)
{
	return fn && fn->requests <= REQUESTS_MAX && fn->at_once >= AT_ONCE_MIN
	    && fn->at_once >= TOGETHER_MIN * fn->at_once_even;
}

static void
tell(const struct facts *f, struct draft *d, const struct hot *h, double share)
{
	const struct run_function *fn = h->function;
	struct run_finding *out = finding_add(d, share, 0.9 * facts_attribution(share, h->total), h->name);

	out->route = facts_route(f, PART_CPU, h->name);
	out->summary = run_printf(f->run, "%.2g requests at a time compute %s, which one could do for all: %s "
	    "of the requests' time", fn->at_once, h->name, PCT(share));
	finding_evidence(d, "%s of the requests are in %s, %.2g of them at the same time", PCT(fn->requests),
	    h->name, fn->at_once);
	finding_evidence(d, "if they came independently of each other it would be %.2g", fn->at_once_even);
	finding_evidence(d, "%s: %s of the time on CPU", h->name, PCT(h->own));
	finding_against(d, "that they compute the same answer is concluded from when they do it");
}

static void
detect(const struct facts *f, struct draft *d)
{
	double most = 0;
	bool told = false;

	for (size_t i = 0; i < f->n_hot; i++) {
		const struct hot *h = &f->hot[i];
		const struct run_function *fn = h->function;
		if (fn && fn->requests <= REQUESTS_MAX && fn->at_once > most)
			most = fn->at_once;
		double share = is_stampede(fn) ? facts_hot_share(f, h) * (1 - 1 / fn->at_once) : 0;
		if (share < SHARE_MIN)
			continue;
		tell(f, d, h, share);
		told = true;
	}
	if (!told)
		rule_out(d, "no work that few of the requests do is done by %.2g or more of them at once%s",
		    AT_ONCE_MIN, most > 0 ? run_printf(f->run, "; at most by %.2g", most) : "");
}

const struct detector detect_stampede = {
	.kind = "contention.stampede", .class = CLASS_CONTENTION, .weight = 1.2 * WEIGHT_CAUSE,
	.detect = detect, .about = "many requests compute the same thing at once",
};
