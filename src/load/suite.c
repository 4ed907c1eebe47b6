/* SPDX-License-Identifier: MIT */
#include "load/suite.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "stats/slope.h"

#define FAILED_SHARE   0.02   /* of what was sent: fewer errors are not how it gave way */
#define STALLED        0.1    /* of what it answered when all was well */
#define NORMAL_SECONDS 3
#define P99_TIMES      2
#define P99_MORE_S     0.050
#define ERRORS_MORE    0.01
#define ANSWERED_LESS  0.1
#define DRIFT_LEAST    0.1    /* of the mean, over the whole phase */
#define DRIFT_SECONDS  5

/* ---- how it gave way ----------------------------------------------------------------------- */

static enum run_failure
main_failure(const struct run_phase *p)
{
	int64_t refused = p->error_connect + p->error_tls + p->error_reset + p->error_closed +
	    p->error_protocol;
	int64_t answers = p->error_status + p->error_expect;

	if (p->timeouts >= refused && p->timeouts >= answers)
		return FAILURE_TIMEOUTS;
	return refused > answers ? FAILURE_REFUSED : FAILURE_ERRORS;
}

/* Nearly nothing is answered and nothing fails: the requests wait for an answer that will not come
 * before they are given up. */
static bool
is_stalled(const struct run_phase *p, double held)
{
	return p->throughput < STALLED * held && p->in_flight > p->sent / 2;
}

enum run_failure
suite_failure(const struct run_phase *p, const char *missed_by, bool gone, double held)
{
	double failed = (double)(p->errors + p->timeouts);

	if (gone)
		return FAILURE_CRASH;
	if (missed_by && p->generator_limited)
		return FAILURE_GENERATOR;
	if (failed > FAILED_SHARE * (double)p->sent)
		return main_failure(p);
	if (!missed_by)
		return FAILURE_NONE;
	return is_stalled(p, held) ? FAILURE_TIMEOUTS : FAILURE_QUEUE;
}

bool
suite_is_broken(enum run_failure f)
{
	return f != FAILURE_NONE && f != FAILURE_QUEUE;
}

/* ---- recovery ------------------------------------------------------------------------------ */

struct suite_normal
suite_normal(const struct run_phase *p)
{
	double worst = 0, failed = (double)(p->errors + p->timeouts);

	for (size_t i = 0; i < p->n_latency_by_second; i++)
		worst = fmax(worst, p->latency_by_second[i]);
	return (struct suite_normal){
		.rate = p->rate,
		.p99_allowed = fmax(P99_TIMES * worst, p->latency.p99 + P99_MORE_S),
		.errors_allowed = ERRORS_MORE + (p->sent ? failed / (double)p->sent : 0),
	};
}

static double
failed_share(const struct suite_second *s)
{
	double all = s->answered + s->errors;
	return all > 0 ? s->errors / all : 0;
}

enum second_is { SECOND_GOOD, SECOND_SLOW, SECOND_BAD };

/* A random arrival process brings n -+ sqrt(n) in a second. */
static enum second_is
judge(const struct suite_second *s, const struct suite_normal *normal)
{
	double least = (1 - ANSWERED_LESS) * normal->rate - 4 * sqrt(normal->rate);
	double errors = normal->errors_allowed * (s->answered + s->errors);

	if (!(s->answered > 0) || s->answered < least || s->errors > errors + 2 * sqrt(errors))
		return SECOND_BAD;
	return s->p99 <= normal->p99_allowed ? SECOND_GOOD : SECOND_SLOW;
}

/* The moment lies in the last second that was not good. */
static double
moment(const struct suite_second *seconds, size_t first, const struct suite_normal *normal)
{
	if (!first)
		return 0;
	double failed = failed_share(&seconds[first - 1]);
	return (double)first - 1 + (failed > normal->errors_allowed ? failed : 0.5);
}

double
suite_recovery(const struct suite_second *seconds, size_t n, const struct suite_normal *normal)
{
	size_t good = 0, first = 0;
	bool spared = false;

	for (size_t i = 0; i < n; i++) {
		enum second_is is = judge(&seconds[i], normal);
		if (is == SECOND_GOOD) {
			first = good++ ? first : i;
		} else if (is == SECOND_SLOW && good && !spared) {
			spared = true;
		} else {
			good = 0;
			spared = false;
		}
		if (good == NORMAL_SECONDS)
			return moment(seconds, first, normal);
	}
	return NAN;
}

/* ---- drift --------------------------------------------------------------------------------- */

struct suite_drift
suite_drift(const double *p99, size_t n)
{
	struct suite_drift d = { NAN, NAN, NAN, false };
	size_t known = 0, used = n ? n - 1 : 0;
	double sum = 0;

	if (used < DRIFT_SECONDS)
		return d;
	CLEANUP(free_p) double *t = calloc(used, sizeof(*t));
	if (!t)
		abort();
	for (size_t i = 0; i < used; i++) {
		t[i] = (double)i;
		known += isfinite(p99[i + 1]);
		sum += isfinite(p99[i + 1]) ? p99[i + 1] : 0;
	}
	struct slope s = slope_fit(t, p99 + 1, used);
	double mean = sum / (double)known;
	if (!(mean > 0) || isnan(s.per_t))
		return d;
	d.per_minute = 60 * s.per_t / mean;
	d.low = 60 * s.low / mean;
	d.high = 60 * s.high / mean;
	d.grows = s.low > 0 && s.per_t * (double)used > DRIFT_LEAST * mean;
	return d;
}
