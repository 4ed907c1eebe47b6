/* SPDX-License-Identifier: MIT */
/* The same answer is made again and again.
 *
 * Asked nearly idle, all answers of a route were one, byte for byte, and at the limit making it is what
 * the service does. It stands behind every other finding: that says why an answer is dear, this that it
 * need not be made. Whether an answer may be kept only the service's owner knows, so it stays a
 * hypothesis. A rate that was given and held is no limit, and nothing is said. */
#include <math.h>
#include <string.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define ANSWERS_MIN  8
#define SAME_MIN     0.99
#define SHARE_MIN    0.30
#define DEAR_SECONDS 0.5e-3  /* nearly idle; below, a request costs about what a cache in front of it would */
#define CONFIDENCE   0.55    /* a hypothesis */

/* What is recorded of a URL names its query too. */
static bool
is_path_of(const char *path, const char *url)
{
	return path && url && strncmp(path, url, strcspn(url, "?")) == 0 && path[strcspn(url, "?")] == '\0';
}

/* Part of all requests' time that the route's have, by what they do: not waiting for their clients. */
static double
share_of(const struct facts *f, const char *route, double *ret_seconds)
{
	double all = 0, its = 0;

	*ret_seconds = NAN;
	for (size_t i = 0; i < f->trace->n_routes; i++) {
		const struct run_time *t = &f->trace->routes[i];
		if (!text_same(t->scope, f->scope))
			continue;
		double seconds = (double)t->requests * t->seconds;
		all += seconds;
		if (!is_path_of(t->route, route))
			continue;
		its += seconds;
		*ret_seconds = t->seconds;
	}
	double busy = f->charged[PART_CPU] + f->charged[PART_RUNQUEUE] + f->charged[PART_DB]
	    + f->charged[PART_CACHE] + f->charged[PART_DISK] + f->charged[PART_GC];
	return all > 0 ? its / all * fmin(busy, 1) : 0;
}

static void
tell(const struct facts *f, struct draft *d, const struct run_repeat *seen, double share, double seconds)
{
	struct run_finding *out = finding_add(d, share, CONFIDENCE, seen->route);

	out->route = run_str(f->run, seen->route);
	out->summary = run_printf(f->run, "%s gives the same answer each time, made anew in %s: %s of the time",
	    seen->route, DURATION(seconds), PCT(share));
	finding_evidence(d, "%s of %lld answers were the same %s, byte for byte", PCT(seen->same),
	    (long long)seen->answers, SIZE(seen->bytes));
	finding_against(d, "one request was asked again and again: real users may ask for different things");
	finding_against(d, "what may be kept, how long and for whom is not in the answer's bytes");
}

/* A request's time without the others'. */
static double
alone_seconds(const struct run *r)
{
	for (size_t i = 0; i < r->evidence.n_phases; i++)
		if (text_same(r->evidence.phases[i].name, "baseline"))
			return r->evidence.phases[i].service.p50;
	return NAN;
}

static void
detect(const struct facts *f, struct draft *d)
{
	bool limited = isfinite(f->run->capacity.knee_rate) && !f->run->capacity.at_least && !f->at_ease;
	bool dear = alone_seconds(f->run) >= DEAR_SECONDS;
	bool told = false;

	for (size_t i = 0; limited && dear && i < f->run->evidence.n_repeats; i++) {
		const struct run_repeat *seen = &f->run->evidence.repeats[i];
		double seconds, share = share_of(f, seen->route, &seconds);
		if (seen->answers < ANSWERS_MIN || seen->same < SAME_MIN || share < SHARE_MIN)
			continue;
		tell(f, d, seen, share, seconds);
		told = true;
	}
	if (told)
		return;
	if (!limited)
		rule_out(d, "the service was not driven to its limit");
	else
		rule_out(d, "no route gives the same answer each time and costs much");
}

const struct detector detect_no_cache = {
	.kind = "io.no-cache", .class = CLASS_IO, .weight = 0.2 * WEIGHT_CAUSE, .detect = detect,
	.needs = NEEDS_CPU, .about = "the same answer is made again and again",
};
