/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <stdlib.h>

#include "report/proof_forms.h"
#include "check.h"
#include "forms.h"
#include "sample_run.h"

static void
check_says(const char *name, const char *text, const char *const *wanted)
{
	for (; *wanted; wanted++)
		if (!strstr(text, *wanted))
			fail_msg("%s: '%s' is not in:\n%s", name, *wanted, text);
}

/* ---- people -------------------------------------------------------------------------------- */

#define CUT "\xe2\x80\xa6"

static void
terminal_tells_it_on_a_screen(void **state)
{
	static const char wanted[] =
	    "  BETTER   CPU per request fell by 21 % (18.9 to 23.1 %) and nothing is worse\n"
	    "           answers: 1204 compared, all as A's; 12 vary in A itself\n"
	    "           machine: usable; least change seen: CPU/request 2.94 %, p99 16.8 %\n"
	    "\n"
	    "  COMPARED        A          B          B against A (95 %)\n"
	    "    CPU/request   812 us     641 us     -21.0 % (-23.1 to -18.9)     better\n"
	    "    p50           4.10 ms    3.57 ms    -12.9 % (-16.0 to -9.8)      better\n"
	    "    p95           18.2 ms    16.4 ms    -9.8 % (-17.0 to -2.6)       better\n"
	    "    p99           41.0 ms    38.1 ms    -7.0 % (-19.0 to +5.0)       cannot say\n"
	    "    throughput    1.84k/s    2.28k/s    +24.0 % (+21.0 to +27.0)     better\n"
	    "    memory        175 MiB    176 MiB    +0.40 % (-0.70 to +1.5)      same\n"
	    "    errors        0.02 %     0.02 %     0 points (-0.02 to +0.02)    same\n"
	    "    p99 /orders   52.0 ms    44.7 ms    -14.0 % (-25.0 to -3.0)      better\n"
	    "\n"
	    "  CHANGED       a request\n"
	    "    -240 us     21 to 1 calls           SELECT id, created, total_cents, status\n"
	    "                                        FROM orders WHERE customer_id = ? ORDE" CUT "\n"
	    "    -160 us     240 us to 80.0 us       sqlite3VdbeExec\n"
	    "    +18.0 us    60.0 us to 78.0 us      json_escape\n"
	    "\n"
	    "  report   /srv/shop/.prony/runs/2026-07-04T101500Z-shop-2222/report.html\n"
	    "  cost     prony used 0.030 cores and 30.0 MiB beside the load generator\n";
	struct run *r = sample_proof();
	char *text = form_of(r, terminal_80);

	assert_string_equal(text, wanted);
	free(text);
	run_free(r);
}

static void
terminal_begins_with_the_verdict(void **state)
{
	static const struct { struct run *(*make)(void); const char *begins, *next; } rows[] = {
		{ sample_proof_worse, "  WORSE    B is faster, but answers", "  next     find out why B answers" },
		{ sample_proof_open, "  CANNOT SAY  The machine is too noisy", "  next     about 380 pairs" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = rows[i].make();
		char *text = form_of(r, terminal_80);
		if (strncmp(text, rows[i].begins, strlen(rows[i].begins)) != 0 || !strstr(text, rows[i].next))
			fail_msg("wanted %s ... %s:\n%s", rows[i].begins, rows[i].next, text);
		free(text);
		run_free(r);
	}
}

static void
markdown_and_page_tell_all_of_it(void **state)
{
	static const char *const md[] = { "## Performance Analysis", "### Is B Better?",
	    "| p99 latency of /orders |", "1 more in run.json.", "### What Changed Inside", "| 21 to 1 calls |",
		"| gone |", "| new |",
	    "### Answers Compared", "### Noise of the Machine", "- B: http://127.0.0.1:8081/orders", NULL };
	static const char *const page[] = { "<p class=\"verdict\">BETTER</p>", "class=\"effect\"",
	    "class=\"band\"", "circle class=\"e-good\"", "id=\"diffcpu\"", "id=\"diffwait\"", "\"before\":[",
	    "class=\"dm", "class=\"dp", "rect class=\"s1\"", "Pair by Pair", "it had no CPU left",
	    "decides first", NULL };
	struct run *r = sample_proof();
	char *text = form_of(r, report_markdown), *html = form_of(r, report_html);

	check_says("md", text, md);
	check_says("page", html, page);
	assert_null(strstr(text, "### Current State"));
	assert_null(strstr(html, "Bottleneck"));
	free(text);
	free(html);
	run_free(r);
}

/* Two steps that were tried, the second in full. */
static struct run *
fixed(bool first, bool second)
{
	struct run *r = sample_proof();
	struct run_step *s = RUN_ADD(r, step, r->plan, r->n_plan);
	struct run_proof proof = r->proofs[0];

	s->id = "P1";
	s->what = "create an index on orders(customer_id)";
	s->apply = "CREATE INDEX prony_orders ON orders (customer_id);";
	s->undo = "DROP INDEX prony_orders;";
	s->on = "/srv/shop/shop.db";
	*RUN_ADD(r, proof, r->proofs, r->n_proofs) = proof;
	r->fix = true;
	r->proofs[0].step = "P1";
	r->proofs[0].kept = first;
	r->proofs[0].before.latency.p99 = 0.142;
	r->proofs[0].after.latency.p99 = 0.0031;
	r->proofs[1].step = "P2";
	r->proofs[1].kept = second;
	r->headline = "kept: P1; taken back: P2";
	return r;
}

static void
a_fix_tells_each_step(void **state)
{
	static const struct { bool first, second; const char *begins, *next; } rows[] = {
		{ true, true, "  KEPT     ", "  next     prony undo takes it back" },
		{ true, false, "  PARTLY KEPT  ", NULL },
		{ false, false, "  TAKEN BACK  ", NULL },
	};
	static const char *const md[] = { "### Steps Tried", "| P1 | create an index on orders(customer_id) |",
	    "142 ms to 3.10 ms", "| kept |", "| taken back |", "Applied to /srv/shop/shop.db:",
	    "CREATE INDEX prony_orders ON orders (customer_id);", "DROP INDEX prony_orders;", "### Is B Better?", NULL };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = fixed(rows[i].first, rows[i].second);
		char *text = form_of(r, terminal_80);
		if (strncmp(text, rows[i].begins, strlen(rows[i].begins)) != 0 ||
		    (rows[i].next && !strstr(text, rows[i].next)) || !strstr(text, "142 ms to 3.10 ms"))
			fail_msg("row %zu:\n%s", i, text);
		free(text);
		run_free(r);
	}
	struct run *r = fixed(true, false);
	char *text = form_of(r, report_markdown);
	check_says("md", text, md);
	assert_null(strstr(text, "What Changed Inside"));
	free(text);
	run_free(r);
}

static void
a_step_of_a_plan_is_no_comparison(void **state)
{
	struct run *r = sample_proof();

	assert_true(report_is_proof(r));
	r->proofs[0].step = "P1";
	assert_false(report_is_proof(r));
	char *text = form_of(r, report_markdown);
	assert_non_null(strstr(text, "### Verification Plan"));
	assert_non_null(strstr(text, "Steps already proven:\n\n| step |"));
	free(text);
	run_free(r);
}

/* What failed before there was anything to compare is told as any other failure. */
static void
a_comparison_that_died_is_an_error(void **state)
{
	struct run *r = sample_proof_bare();

	r->verdict = VERDICT_ERROR;
	r->error = "arm B does not start";
	char *text = form_of(r, terminal_80);
	assert_int_equal(strncmp(text, "  ERROR    Arm B does not start\n", 32), 0);
	free(text);
	run_free(r);
}

/* ---- CI ------------------------------------------------------------------------------------ */

static void
junit_has_a_case_for_each_figure(void **state)
{
	static const char *const better[] = { "<testsuites name=\"prony prove\" tests=\"10\" failures=\"0\" "
	    "errors=\"0\" skipped=\"1\" time=\"118.000\">",
	    "<testcase classname=\"prony.prove\" name=\"B answers as A\" time=\"118.000\"/>",
	    "name=\"p99 latency of /orders\"", "<skipped message=\"cannot say: -7.0 % (-19.0 to +5.0); changes "
	    "from 16.8 % on would have been found\"/>", "<system-out>BETTER: CPU per request fell", NULL };
	static const char *const worse[] = { "failures=\"2\"", "type=\"other-answer\"",
	    "<failure message=\"+40.0 % (+30.0 to +50.0), from 175 MiB to 176 MiB\" type=\"worse\"/>", NULL };
	struct run *r = sample_proof();
	char *text = form_of(r, report_proof_junit);
	check_says("better", text, better);
	free(text);
	run_free(r);
	r = sample_proof_worse();
	text = form_of(r, report_proof_junit);
	check_says("worse", text, worse);
	r->error = "the service died";
	free(text);
	text = form_of(r, report_proof_junit);
	assert_non_null(strstr(text, "failures=\"0\" errors=\"1\" skipped=\"9\""));
	free(text);
	run_free(r);
}

static void
annotations_are_lines(void **state)
{
	static const struct { struct run *(*make)(void); const char *wanted[4]; int lines; } rows[] = {
		{ sample_proof, { "::notice title=prony prove%3A CPU per request better::-21.0 %25 (-23.1 to "
		    "-18.9), from 812 us to 641 us\n" }, 5 },
		{ sample_proof_worse, { "::error title=prony prove%3A B answers otherwise than A::43 of 1204 "
		    "compared are not what A says; /orders: status 404, was 200 (31 of 600)\n",
		    "::error title=prony prove%3A memory worse::+40.0 %25" }, 7 },
		{ sample_proof_open, { "::warning title=prony prove%3A p99 latency cannot say::+10.0 %25" }, 2 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = rows[i].make();
		char *text = form_of(r, report_proof_annotations);
		int lines = 0;
		check_says("annotations", text, rows[i].wanted);
		for (const char *c = text; *c; c++)
			lines += *c == '\n';
		assert_int_equal(lines, rows[i].lines);
		free(text);
		run_free(r);
	}
}

/* A name with line ends must not become a command of its own. */
static void
hostile_text_stays_in_its_place(void **state)
{
	struct run *r = sample_proof_hostile();
	char *junit = form_of(r, report_proof_junit), *lines = form_of(r, report_proof_annotations);
	char *html = form_of(r, report_html), *rest;

	assert_null(strstr(junit, "<script"));
	assert_null(strstr(junit, "<img"));
	assert_null(strstr(html, "<script>alert"));
	assert_null(strstr(html, "<img"));
	for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, "::error title=", 14) != 0 && strncmp(line, "::notice title=", 15) != 0)
			fail_msg("a line begins otherwise: %s", line);
	free(junit);
	free(lines);
	free(html);
	run_free(r);
}

/* The graph of the difference has a list more, as long as the others. */
static void
flame_data_are_whole(void **state)
{
	struct run *r = sample_proof();
	char *html = form_of(r, report_html);
	const char *from = strstr(html, "<script type=\"application/json\">");

	assert_non_null(from);
	from += strlen("<script type=\"application/json\">");
	json_t *j = json_loadb(from, (size_t)(strstr(from, "</script>") - from), 0, NULL);
	assert_non_null(j);
	assert_int_equal(json_array_size(json_object_get(j, "before")),
	    json_array_size(json_object_get(j, "us")));
	double before = json_number_value(json_array_get(json_object_get(j, "before"), 0));
	double after = json_number_value(json_array_get(json_object_get(j, "us"), 0));
	assert_true(before > after && after > 1);
	json_decref(j);
	free(html);
	run_free(r);
}

RUN_TESTS(cmocka_unit_test(terminal_tells_it_on_a_screen), cmocka_unit_test(terminal_begins_with_the_verdict),
    cmocka_unit_test(markdown_and_page_tell_all_of_it), cmocka_unit_test(a_fix_tells_each_step),
	cmocka_unit_test(a_step_of_a_plan_is_no_comparison),
    cmocka_unit_test(a_comparison_that_died_is_an_error), cmocka_unit_test(junit_has_a_case_for_each_figure),
    cmocka_unit_test(annotations_are_lines), cmocka_unit_test(hostile_text_stays_in_its_place),
    cmocka_unit_test(flame_data_are_whole))
