/* SPDX-License-Identifier: MIT */
/* One request at a time against many, and less CPU for one component: what that says of findings. */
#include "diagnose/confirm.h"
#include "diagnose/diagnose.h"

#include "check.h"

static struct run_phase *
phase(struct run *r, const char *name, double mean)
{
	struct run_phase *p = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
	p->name = name;
	p->answered = p->sent = p->scheduled = 1000;
	p->throughput = 400;
	p->service.mean = mean;
	return p;
}

/* 40 ms a request under load, 80 % of it in `kind`; `alone` seconds when it comes alone. */
static struct run *
loaded(enum run_part_kind kind, const char *where, double alone)
{
	struct run *r = run_new();
	struct run_trace *t = &r->evidence.trace;

	r->host.cpus = 4;
	phase(r, "baseline", alone);
	phase(r, "trace", 0.04)->service_cpu = 0.8;
	r->baseline.latency = (struct run_latency){ .mean = 0.04, .p50 = 0.04, .p95 = 0.06, .p99 = 0.08 };
	r->baseline.rate = r->baseline.throughput = 400;
	r->capacity.knee_rate = 450;
	r->capacity.stopped_by = "latency";
	r->evidence.noise = 0.02;
	t->mode = "bpf";
	t->requests = 1000;
	t->symbolised = t->unwound = 1;
	struct run_time *all = RUN_ADD(r, time, t->routes, t->n_routes);
	all->route = "/";
	all->scope = "all";
	all->requests = 1000;
	all->seconds = 0.04;
	const struct { enum run_part_kind kind; const char *where; double share; } parts[] = {
		{ kind, where, 0.8 }, { PART_CPU, "work", 0.2 },
	};
	for (size_t i = 0; i < 2; i++) {
		struct run_part *p = RUN_ADD(r, part, all->parts, all->n_parts);
		p->kind = parts[i].kind;
		p->where = parts[i].where;
		p->share = parts[i].share;
	}
	struct run_wait *w = RUN_ADD(r, wait, t->waits, t->n_waits);
	w->kind = PART_LOCK;
	w->where = where;
	w->waits = 1000;
	w->seconds = 32;
	w->mean_waiters = 10;
	return r;
}

static const struct run_finding *
first(struct run *r)
{
	diagnose(r);
	assert_true(r->n_findings > 0);
	return &r->findings[0];
}

static void
waiting_that_goes_away_alone_is_causal(void **state)
{
	struct run *r = loaded(PART_LOCK, "stock_lock", 0.009);
	const struct run_finding *f = first(r);

	assert_string_equal(f->kind, "contention.lock");
	assert_string_equal(f->basis, "causal");
	assert_non_null(strstr(f->evidence[f->n_evidence - 1], "9.00 ms instead of 40.0 ms"));
	run_free(r);
}

static void
waiting_that_stays_alone_is_doubted(void **state)
{
	struct run *r = loaded(PART_LOCK, "stock_lock", 0.009), *doubted = loaded(PART_LOCK, "stock_lock", 0.038);
	double sure = first(r)->confidence;
	const struct run_finding *f = first(doubted);

	assert_string_equal(f->basis, "attributed");
	CHECK_NEAR(f->confidence, 0.7 * sure, 1e-9);
	assert_true(f->n_against > 0);
	run_free(r);
	run_free(doubted);
}

static void
what_a_request_does_itself_is_neither(void **state)
{
	struct run *r = loaded(PART_DISK, "fsync journal", 0.009);
	const struct run_finding *f = first(r);

	assert_string_equal(f->kind, "io.disk.sync");
	assert_string_equal(f->basis, "attributed");
	run_free(r);
}

static void
too_few_requests_try_nothing(void **state)
{
	struct run *r = loaded(PART_LOCK, "stock_lock", 0.009);
	r->evidence.phases[0].answered = 5;
	assert_string_equal(first(r)->basis, "attributed");
	run_free(r);
}

/* ---- the press test ------------------------------------------------------------------------ */

#define SAME 0.0
#define FALLS 0.12

static const struct press_row {
	const char *label, *finding, *where, *pressed, *address;
	double drop, half, stopped;        /* of throughput, half of its interval */
	const char *why;                   /* it was not pressed */
	const char *basis;
	double confidence;                 /* was 1 */
} press_rows[] = {
	{ "computing that answers follow",
	  "cpu.hot-function", "rank", "service", NULL, FALLS, 0.03, 0.9, NULL, "causal", 1 },
	{ "computing that they do not",
	  "cpu.hot-function", "rank", "service", NULL, SAME, 0.03, 0.9, NULL, "attributed", 0.7 },
	{ "too noisy to tell",
	  "cpu.hot-function", "rank", "service", NULL, FALLS, 0.3, 0.9, NULL, "attributed", 1 },
	{ "CPU to spare does not acquit a function",
	  "cpu.hot-function", "rank", "service", NULL, SAME, 0.03, 0, NULL, "attributed", 1 },
	{ "but a full core",
	  "cpu.event-loop", "rank", "service", NULL, SAME, 0.03, 0, NULL, "attributed", 0.7 },
	{ "not pressed",
	  "cpu.hot-function", "rank", "service", NULL, NAN, NAN, NAN, "no root", "attributed", 1 },
	{ "a database that answers follow",
	  "io.db.slow-query", "SELECT", "postgresql", "h:5432", FALLS, 0.03, 0.9, NULL, "causal", 1 },
	{ "a database at its disk",
	  "io.db.slow-query", "SELECT", "postgresql", "h:5432", SAME, 0.03, 0, NULL, "attributed", 1 },
	{ "its own computing instead",
	  "io.db.slow-query", "SELECT", "service", NULL, FALLS, 0.02, 0.9, NULL, "attributed", 0.7 },
	{ "many statements are its own work",
	  "io.db.n-plus-one", "SELECT", "service", NULL, FALLS, 0.02, 0.9, NULL, "attributed", 1 },
	{ "a peer", "io.net.downstream", "h:81", "http", "h:81", FALLS, 0.03, 0.9, NULL, "causal", 1 },
	{ "another peer",
	  "io.net.downstream", "h:81", "http", "h:82", FALLS, 0.03, 0.9, NULL, "attributed", 1 },
	{ "a database instead of a function",
	  "cpu.hot-function", "rank", "redis", "h:6379", FALLS, 0.02, 0.9, NULL, "attributed", 0.7 },
	{ "no question of CPU",
	  "contention.pool", "h:81", "service", NULL, FALLS, 0.02, 0.9, NULL, "attributed", 1 },
};

static void
check_press(const struct press_row *row)
{
	struct run *r = run_new();
	const struct facts f = { .run = r };
	struct run_finding *out = RUN_ADD(r, finding, r->findings, r->n_findings);
	struct run_press *p = RUN_ADD(r, press, r->evidence.presses, r->evidence.n_presses);

	out->kind = row->finding;
	out->where = row->where;
	out->share = 0.8;
	out->confidence = 1;
	out->basis = "attributed";
	*p = (struct run_press){
		.kind = row->pressed, .name = "shop", .address = row->address, .taken = 0.13, .stopped = row->stopped,
		.drop = row->drop, .drop_low = row->drop - row->half, .drop_high = row->drop + row->half, .why = row->why,
	};
	confirm_presses(&f);
	if (strcmp(out->basis, row->basis) != 0 || fabs(out->confidence - row->confidence) > 1e-9)
		fail_msg("%s: %s, confidence %g", row->label, out->basis, out->confidence);
	assert_int_equal(out->n_evidence, strcmp(row->basis, "causal") == 0);
	assert_int_equal(out->n_against, row->confidence < 1);
	run_free(r);
}

static void
presses_confirm_and_refute(void **state)
{
	for (size_t i = 0; i < sizeof(press_rows) / sizeof(press_rows[0]); i++)
		check_press(&press_rows[i]);
}

RUN_TESTS(cmocka_unit_test(presses_confirm_and_refute),
    cmocka_unit_test(waiting_that_goes_away_alone_is_causal), cmocka_unit_test(waiting_that_stays_alone_is_doubted),
    cmocka_unit_test(what_a_request_does_itself_is_neither), cmocka_unit_test(too_few_requests_try_nothing))
