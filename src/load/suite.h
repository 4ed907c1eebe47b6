/* SPDX-License-Identifier: MIT */
/* What the phases of the suite say: how a service gave way, when it was itself again, whether it
 * drifts. Pure; load_suite.c measures. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "run/run.h"

/* How did the service give way in a phase? `missed_by` is what promise_missed_by said, `gone` that
 * nothing listens any more, `held` the rate that it answered when all was well. */
enum run_failure suite_failure(const struct run_phase *p, const char *missed_by, bool gone,
    double held);

/* More load would only repeat what is known: it does not merely queue. */
bool suite_is_broken(enum run_failure f);

/* What a second of the normal load looks like. */
struct suite_normal {
	double rate;
	double p99_allowed;       /* seconds */
	double errors_allowed;    /* share */
};

/* From a phase of it: p99 may be twice its worst second, or 50 ms above its own, errors one in a
 * hundred above its own. */
struct suite_normal suite_normal(const struct run_phase *p);

struct suite_second {
	double p99;               /* seconds; NAN: nothing was answered */
	double answered, errors;  /* counts */
};

/* When the service was itself again, seconds from the start of the series: from there three seconds
 * in a row are normal. One between them may be slow, no more: where a second has few requests its
 * p99 is its slowest one. The moment lies somewhere in the last second that was not: behind as large a
 * part of it as the share of its requests that failed, else in its middle. NAN: not in the series. */
double suite_recovery(const struct suite_second *seconds, size_t n,
    const struct suite_normal *normal);

/* Growth of p99 over a steady phase as a share of its mean per minute, with its 95 % interval.
 * The first second is left out: it makes the connections. NAN where it cannot be told. */
struct suite_drift {
	double per_minute, low, high;
	bool grows;               /* beyond chance, and by a tenth over the phase */
};

struct suite_drift suite_drift(const double *p99, size_t n);
