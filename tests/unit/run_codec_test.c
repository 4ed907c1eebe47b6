/* SPDX-License-Identifier: MIT */
#include "run/run_codec.h"
#include "check.h"

static struct run *
sample(void)
{
	struct run *r = run_new();
	r->id = "r1";
	r->verdict = VERDICT_MISSED;
	r->spec.seed = 7;
	RUN_ADD_STR(r, r->spec.urls, r->spec.n_urls, "http://127.0.0.1:8080/");
	struct run_finding *f = RUN_ADD(r, finding, r->findings, r->n_findings);
	f->id = "F1";
	f->kind = "cpu.hot-function";
	f->class = CLASS_CPU;
	f->share = 0.71;
	RUN_ADD_STR(r, f->evidence, f->n_evidence, "199 samples");
	struct run_process *p = RUN_ADD(r, process, r->system.processes, r->system.n_processes);
	*ARENA_PUSH(r->arena, p->ports, p->n_ports) = 8080;
	struct run_series *s = RUN_ADD(r, series, r->evidence.series, r->evidence.n_series);
	s->name = "service_cpu_cores";
	*ARENA_PUSH(r->arena, s->points, s->n_points) = 0.25;
	*ARENA_PUSH(r->arena, s->points, s->n_points) = NAN;
	return r;
}

static void
round_trip_is_identical(void **state)
{
	struct run *r = sample(), *again;
	struct err e = { 0 };
	json_t *j = run_to_json(r), *k;

	assert_int_equal(run_from_json(j, &again, &e), 0);
	k = run_to_json(again);
	assert_true(json_equal(j, k));
	assert_true(isnan(again->findings[0].confidence));
	assert_true(isnan(again->evidence.series[0].points[1]));
	assert_int_equal(again->system.processes[0].ports[0], 8080);
	json_decref(j);
	json_decref(k);
	run_free(r);
	run_free(again);
}

static void
unknown_figures_are_left_out(void **state)
{
	struct run *r = sample();
	json_t *j = run_to_json(r);
	json_t *f = json_array_get(json_object_get(j, "findings"), 0);
	assert_non_null(json_object_get(f, "share"));
	assert_null(json_object_get(f, "confidence"));
	assert_null(json_object_get(f, "route"));
	assert_true(json_is_array(json_object_get(j, "ruled_out")));
	json_decref(j);
	run_free(r);
}

static void
text_from_outside_becomes_utf8(void **state)
{
	struct run *r = run_new();
	r->headline = "caf\xe9 \xff";
	json_t *j = run_to_json(r);
	assert_string_equal(json_string_value(json_object_get(j, "headline")),
	    "caf\xef\xbf\xbd \xef\xbf\xbd");
	json_decref(j);
	run_free(r);
}

static void
wrong_documents_are_named(void **state)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "{}", "not a prony run: 'schema' is absent, wanted 'prony.run/1'" },
		{ "{\"schema\":\"prony.run/9\"}", "not a prony run: 'schema' is 'prony.run/9', wanted 'prony.run/1'" },
		{ "{\"schema\":\"prony.run/1\",\"findings\":[{},{\"share\":\"x\"}]}",
		    "'findings[1].share' is not a number" },
		{ "{\"schema\":\"prony.run/1\",\"verdict\":\"perhaps\"}",
		    "'verdict' is not one of the known words" },
		{ "{\"schema\":\"prony.run/1\",\"system\":{\"processes\":[{\"ports\":[1.5]}]}}",
		    "'system.processes[0].ports[0]' is not a whole number" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct run *r;
		json_t *j = json_loads(rows[i].text, 0, NULL);
		assert_true(run_from_json(j, &r, &e) < 0);
		assert_string_equal(e.text, rows[i].want);
		json_decref(j);
	}
}

RUN_TESTS(cmocka_unit_test(round_trip_is_identical), cmocka_unit_test(unknown_figures_are_left_out),
    cmocka_unit_test(text_from_outside_becomes_utf8), cmocka_unit_test(wrong_documents_are_named))
