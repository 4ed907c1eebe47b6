/* SPDX-License-Identifier: MIT */
/* Suites and searches for the highest rate, made by hand, and the sentence they end in. */
#include "check.h"
#include "diagnose/diagnose.h"

static struct run_suite_phase *
add_phase(struct run *r, const char *name, double rate, enum run_failure f)
{
	struct run_suite_phase *p = RUN_ADD(r, suite_phase, r->suite.phases, r->suite.n_phases);

	p->phase = name;
	p->rate = rate;
	p->failure = f;
	p->missed_by = f ? "latency" : NULL;
	return p;
}

static void
add_recovery(struct run *r, const char *after, double seconds)
{
	struct run_recovery *to = RUN_ADD(r, recovery, r->suite.recoveries, r->suite.n_recoveries);

	to->after = after;
	to->seconds = seconds;
	to->bound = 30;
}

static void
add_integrity(struct run *r, const char *when, int64_t status, const char *said)
{
	struct run_integrity *to = RUN_ADD(r, integrity, r->suite.integrity, r->suite.n_integrity);

	to->when = when;
	to->status = status;
	to->said = said;
}

static void
gave_way(struct run *r, const char *phase, double rate, enum run_failure f)
{
	r->suite.breaking_phase = phase;
	r->suite.breaking_rate = rate;
	r->suite.failure = f;
}

/* All went well: it queued in the stress and was itself again. */
static struct run *
good_suite(void)
{
	struct run *r = run_new();

	r->capacity.knee_rate = 500;
	r->capacity.missed_rate = 530;
	add_phase(r, "normal", 250, FAILURE_NONE);
	add_phase(r, "peak", 450, FAILURE_NONE);
	add_phase(r, "stress-1", 550, FAILURE_QUEUE);
	add_phase(r, "soak", 350, FAILURE_NONE);
	gave_way(r, "stress-1", 550, FAILURE_QUEUE);
	add_recovery(r, "spike", 7);
	add_recovery(r, "stress", 1.5);
	return r;
}

static void
well(struct run *r)
{
}

static void
crashed(struct run *r)
{
	r->suite.n_phases = 3;
	gave_way(r, "stress-6", 812, FAILURE_CRASH);
	r->suite.recoveries[1].seconds = NAN;
}

static void
crashed_and_came_back(struct run *r)
{
	gave_way(r, "stress-6", 812, FAILURE_CRASH);
}

static void
worse_later(struct run *r)
{
	r->suite.worst = FAILURE_TIMEOUTS;
	r->suite.worst_phase = "stress-4";
	r->suite.worst_rate = 1250;
}

static void
lost_data(struct run *r)
{
	add_integrity(r, "before", 0, NULL);
	add_integrity(r, "after", 3, "2 orders are missing");
}

static void
whole_data(struct run *r)
{
	add_integrity(r, "before", 0, NULL);
	add_integrity(r, "after", 0, "all there");
}

static void
missed_without_promise(struct run *r)
{
	r->suite.phases[1].missed_by = "latency";
	r->suite.phases[1].failure = FAILURE_QUEUE;
}

static void
missed_peak_asked_for(struct run *r)
{
	missed_without_promise(r);
	r->spec.peak_rate = 450;
}

static void
missed_promise(struct run *r)
{
	missed_without_promise(r);
	struct run_target *t = RUN_ADD(r, target, r->targets, r->n_targets);
	t->metric = "latency_p99";
	t->op = "<";
	t->limit = 0.5;
}

static void
generator_at_peak(struct run *r)
{
	r->suite.phases[1].failure = FAILURE_GENERATOR;
}

static void
generator_after_breaking(struct run *r)
{
	add_phase(r, "stress-2", 700, FAILURE_GENERATOR);
}

static void
generator_before_breaking(struct run *r)
{
	r->suite.phases[2].failure = FAILURE_GENERATOR;
	r->suite.failure = FAILURE_NONE;
	r->suite.breaking_phase = NULL;
}

static void
interrupted(struct run *r)
{
	r->suite.n_phases = 2;
	r->suite.n_recoveries = 0;
	r->suite.failure = FAILURE_NONE;
}

static void
holds_nothing(struct run *r)
{
	interrupted(r);
	r->capacity.knee_rate = NAN;
}

/* Whatever came before: who had to be stopped has no verdict. */
static void
stopped_for_safety(struct run *r)
{
	missed_promise(r);
	r->safety_stop.what = "errors>20% for 3 seconds in a row, at last 83 %";
	r->safety_stop.phase = "peak";
	r->safety_stop.at = 4;
}

static void
suites_end_in_a_verdict(void **state)
{
	static const struct {
		void (*change)(struct run *r);
		enum run_verdict verdict;
		const char *says[3];
	} rows[] = {
		{ well, VERDICT_MET, { "MET: holds 500/s; queues from 550/s (stress-1)",
		    "itself again 7.00 s after the spike, 1.50 s after the stress" } },
		{ crashed, VERDICT_MISSED, { "crash at 812/s (stress-6)",
		    "did not recover from the stress within 30.0 s" } },
		{ crashed_and_came_back, VERDICT_MET, { "crash at 812/s" } },
		{ worse_later, VERDICT_MET, { "queues from 550/s", "leaves requests unanswered from 1.25k/s (stress-4)" } },
		{ lost_data, VERDICT_MISSED, { "not whole after the load", "3: 2 orders are missing" } },
		{ whole_data, VERDICT_MET, { "MET" } },
		{ missed_without_promise, VERDICT_MET, { "MET" } },
		{ missed_peak_asked_for, VERDICT_MISSED, { "latency missed at the peak load of 450/s" } },
		{ missed_promise, VERDICT_MISSED, { "latency missed at the peak load of 450/s" } },
		{ generator_at_peak, VERDICT_GENERATOR_LIMITED, { "GENERATOR-LIMITED" } },
		{ generator_after_breaking, VERDICT_MET, { "MET" } },
		{ generator_before_breaking, VERDICT_GENERATOR_LIMITED, { "GENERATOR-LIMITED" } },
		{ interrupted, VERDICT_INCONCLUSIVE, { "interrupted" } },
		{ holds_nothing, VERDICT_MISSED, { "holds no rate" } },
		{ stopped_for_safety, VERDICT_INCONCLUSIVE,
		  { "INCONCLUSIVE: stopped for safety 4.00 s into phase 'peak'", "at last 83 %" } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = good_suite();
		rows[i].change(r);
		diagnose(r);
		for (size_t k = 0; rows[i].says[k]; k++)
			if (r->verdict != rows[i].verdict || !strstr(r->headline, rows[i].says[k]))
				fail_msg("row %zu: %s: '%s' lacks '%s'", i, verdict_name(r->verdict), r->headline,
				    rows[i].says[k]);
		assert_true(r->n_findings == 0 && r->n_ruled_out == 0);
		run_free(r);
	}
}

static void
searches_end_in_a_verdict(void **state)
{
	static const struct {
		double knee, missed;
		int64_t confirmed;
		const char *stopped_by;
		enum run_verdict verdict;
		const char *says;
	} rows[] = {
		{ 500, 515, 2, "latency", VERDICT_MET,
		  "p99<500ms hold at 500/s, held 2 times more; missed at 515/s" },
		{ 500, 515, 1, "limit", VERDICT_INCONCLUSIVE, "it was not held again" },
		{ 500, NAN, 2, "limit", VERDICT_MET, "hold at 500/s, the most that is offered" },
		{ 500, 530, 2, "limit", VERDICT_MET, "missed at 530/s" },
		{ 500, 530, 2, "generator", VERDICT_MET, "missed at 530/s" },
		{ 500, NAN, 0, "generator", VERDICT_GENERATOR_LIMITED, "the load generator was the limit" },
		{ 500, 700, 0, "interrupted", VERDICT_INCONCLUSIVE, "interrupted" },
		{ NAN, 0.2, 0, "latency", VERDICT_MISSED, "missed already at 0.2" },
		{ NAN, NAN, 0, "generator", VERDICT_GENERATOR_LIMITED, "no rate yet" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = run_new();
		r->spec.find_max = true;
		RUN_ADD_STR(r, r->spec.targets, r->spec.n_targets, "p99<500ms");
		RUN_ADD(r, point, r->capacity.curve, r->capacity.n_curve)->rate = 500;
		r->capacity.knee_rate = rows[i].knee;
		r->capacity.missed_rate = rows[i].missed;
		r->capacity.at_least = isnan(rows[i].missed);
		r->capacity.confirmed = rows[i].confirmed;
		r->capacity.stopped_by = rows[i].stopped_by;
		diagnose(r);
		if (r->verdict != rows[i].verdict || !strstr(r->headline, rows[i].says))
			fail_msg("row %zu: %s: '%s'", i, verdict_name(r->verdict), r->headline);
		run_free(r);
	}
}

RUN_TESTS(cmocka_unit_test(suites_end_in_a_verdict), cmocka_unit_test(searches_end_in_a_verdict))
