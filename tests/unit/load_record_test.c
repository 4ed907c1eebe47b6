/* SPDX-License-Identifier: MIT */
/* The verdict on the generator: what is its own fault, and what is the service's. */
#include <errno.h>

#include "base/clock.h"
#include "load/load_int.h"
#include "check.h"

struct row {
	const char *label;
	int64_t n;                 /* requests */
	double late_ms;            /* lag of ... */
	int64_t late;              /* ... so many of them; the others 50 us */
	double p99_ms;             /* of the service */
	double seen_ms;            /* after so long, where the service took a millisecond */
	double cpu, waited;
	double done;               /* share answered in the window */
	bool closed;
	int out_of;
	double stolen, promised_s;
	const char *why;           /* part of the reason; NULL: not limited */
};

static const struct row rows[] = {
	{ "quiet", 1000, .p99_ms = 2, .cpu = 0.1, .done = 1 },
	{ "a hiccup in a short step", 50, .late_ms = 20, .late = 2, .p99_ms = 2, .cpu = 0.1, .done = 1 },
	{ "late in one of fifty", 1000, .late_ms = 3, .late = 20, .p99_ms = 2, .cpu = 0.1, .done = 1,
	  .why = "sent late" },
	{ "late, but little against the latency", 1000, .late_ms = 3, .late = 500, .p99_ms = 80,
	  .cpu = 0.1, .done = 1 },
	{ "late, but little against the promise", 1000, .late_ms = 3, .late = 500, .p99_ms = 2,
	  .cpu = 0.1, .done = 1, .promised_s = 0.5 },
	{ "late even against the promise", 1000, .late_ms = 3, .late = 500, .p99_ms = 2,
	  .cpu = 0.1, .done = 1, .promised_s = 0.02, .why = "did not get enough of the CPU" },
	{ "late against a promise that anybody would keep", 1000, .late_ms = 30, .late = 500, .p99_ms = 2,
	  .cpu = 0.1, .done = 1, .promised_s = 30, .why = "sent late" },
	{ "late, and the hypervisor had the CPU", 1000, .late_ms = 3, .late = 20, .p99_ms = 2,
	  .cpu = 0.1, .done = 1, .stolen = 0.14, .why = "14 % of this machine's CPU time (steal)" },
	{ "late, and full", 1000, .late_ms = 3, .late = 20, .p99_ms = 2, .cpu = 0.95, .done = 0.9,
	  .why = "95 % of a core" },
	{ "the service is overloaded", 1000, .late_ms = 3, .late = 500, .p99_ms = 900, .cpu = 0.1,
	  .waited = 0.7, .done = 0.6 },
	{ "behind, while answers lay unseen", 1000, .p99_ms = 900, .seen_ms = 3, .cpu = 0.3, .waited = 0.6,
	  .done = 0.9, .why = "before it saw them" },
	{ "behind, answers seen in time", 1000, .p99_ms = 900, .seen_ms = 0.5, .cpu = 0.3, .waited = 0.6, .done = 0.9 },
	{ "answers lay unseen, but all came", 1000, .p99_ms = 5, .seen_ms = 3, .cpu = 0.3, .done = 1 },
	{ "a closed loop that gathers answers", 1000, .p99_ms = 5, .seen_ms = 3, .cpu = 0.3, .done = 1, .closed = true },
	{ "full core and behind", 1000, .p99_ms = 50, .cpu = 0.95, .done = 0.9, .why = "95 % of a core" },
	{ "full core, all answered", 1000, .p99_ms = 50, .cpu = 0.95, .done = 1 },
	{ "half a core and never asleep", 1000, .p99_ms = 50, .cpu = 0.6, .waited = 0.38, .done = 0.9,
	  .why = "60 % of a core" },
	{ "closed loop on a full core", 1000, .p99_ms = 1, .cpu = 0.99, .done = 1, .closed = true,
	  .why = "99 % of a core" },
	{ "no descriptors", 1000, .p99_ms = 2, .cpu = 0.1, .done = 1, .out_of = EMFILE,
	  .why = "file descriptors (limit" },
	{ "no ports", 1000, .p99_ms = 2, .cpu = 0.1, .done = 1, .out_of = EADDRNOTAVAIL,
	  .why = "local ports" },
};

static void
the_generator_is_judged(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *w = &rows[i];
		struct run *r = run_new();
		struct tally *t = tally_new(1);
		struct run_phase *p = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
		struct phase_signs signs = { .closed = w->closed, .waited = w->waited, .out_of = w->out_of,
			.stolen = w->stolen, .promised_s = w->promised_s };

		histogram_record_n(&t->spans[SPAN_LAG], 50 * NS_PER_US, w->n - w->late);
		histogram_record_n(&t->spans[SPAN_LAG], (int64_t)(w->late_ms * 1e6), w->late);
		histogram_record_n(&t->routes[0].latency, (int64_t)(w->p99_ms * 1e6), w->n);
		histogram_record_n(&t->spans[SPAN_SEEN], (int64_t)(w->seen_ms * 1e6), w->n);
		histogram_record_n(&t->spans[SPAN_SERVICE], NS_PER_MS, w->n);
		t->routes[0].outcome[OUTCOME_ANSWERED] = t->sent = t->scheduled = w->n;
		phase_record(p, t);
		p->seconds = 1;
		p->throughput = w->done * (double)w->n;
		p->generator_cpu = w->cpu;
		phase_judge(r, p, t, &signs);
		if (p->generator_limited != (w->why != NULL) ||
		    (w->why && !strstr(p->generator_why, w->why)))
			fail_msg("%s: %s", w->label, p->generator_why ? p->generator_why : "not limited");
		if (p->generator_late != (w->why && strstr(p->generator_why, "sent late")))
			fail_msg("%s: late or not", w->label);
		tally_free(t);
		run_free(r);
	}
}

/* Nothing may get lost on the way; if it does that is prony's own fault, and is said with figures. */
static void
books_have_to_balance(void **state)
{
	static const struct { struct run_phase p; const char *says; } books[] = {
		{ { .scheduled = 20, .unsent = 3, .sent = 17, .answered = 11, .errors = 3, .timeouts = 2,
		    .in_flight = 1 }, NULL },
		{ { .scheduled = 21, .unsent = 3, .sent = 17, .answered = 11, .errors = 3, .timeouts = 2,
		    .in_flight = 1 }, "21 scheduled, 17 sent + 3 unsent" },
		{ { .scheduled = 20, .unsent = 3, .sent = 17, .answered = 10, .errors = 3, .timeouts = 2,
		    .in_flight = 1 }, "17 sent, 10 answered + 3 errors + 2 timeouts + 1 in flight" },
	};
	for (size_t i = 0; i < sizeof(books) / sizeof(books[0]); i++) {
		struct run_phase p = books[i].p;
		struct err e = { 0 };
		p.name = "knee-3";
		int code = phase_balance(&p, &e);
		assert_int_equal(code < 0, books[i].says != NULL);
		if (!books[i].says)
			continue;
		assert_int_equal(e.status, STATUS_BUG);
		assert_non_null(strstr(e.text, books[i].says));
		assert_non_null(strstr(e.text, "knee-3"));
		assert_non_null(strstr(e.hint, "report it"));
	}
}

RUN_TESTS(cmocka_unit_test(the_generator_is_judged), cmocka_unit_test(books_have_to_balance))
