/* SPDX-License-Identifier: MIT */
/* A fault of each kind, made by hand, with a healthy twin that looks like it. */
#include "diagnose/diagnose.h"

#include "check.h"
#include "faults_by_hand.h"
#include "run/run_codec.h"
#include "service_by_hand.h"

static void
each_kind_is_named_first(void **state)
{
	for (size_t i = 0; i < fault_count(); i++) {
		const struct fault *fault = fault_at(i);
		struct run *r = fault->sick();
		diagnose(r);
		if (r->n_findings == 0)
			fail_msg("%s: nothing found; %s", fault->kind, r->headline);
		const struct run_finding *f = &r->findings[0];
		assert_string_equal(f->kind, fault->kind);
		assert_string_equal(f->where, fault->where);
		assert_string_equal(f->id, "F1");
		assert_true(f->confidence > 0.6 && f->confidence < 1);
		assert_true(f->n_evidence > 0 && f->summary && f->class != CLASS_NONE);
		assert_null(r->healthy);
		assert_non_null(strstr(r->headline, f->summary));
		run_free(r);
	}
}

static void
the_healthy_twin_is_not_accused(void **state)
{
	for (size_t i = 0; i < fault_count(); i++) {
		const struct fault *fault = fault_at(i);
		struct run *r = fault->healthy();
		diagnose(r);
		if (finding(r, fault->kind))
			fail_msg("%s: accused of %s", fault->kind, finding(r, fault->kind)->summary);
		assert_true(ruled_out(r, fault->kind));
		run_free(r);
	}
}

static void
every_detector_fires_or_says_why_not(void **state)
{
	struct run *healthy = service("native");
	part(healthy, PART_CPU, "many", 0.04);
	part(healthy, PART_OTHER, "rest", 0.96);
	diagnose(healthy);
	for (size_t i = 0; i < fault_count(); i++) {
		struct run *r = fault_at(i)->sick();
		diagnose(r);
		for (size_t k = 0; k < healthy->n_ruled_out; k++)
			if (!finding(r, healthy->ruled_out[k].kind))
				assert_true(ruled_out(r, healthy->ruled_out[k].kind));
		run_free(r);
	}
	assert_int_equal(healthy->n_findings, 0);
	assert_true(healthy->n_ruled_out >= 20);
	assert_non_null(healthy->healthy);
	assert_int_equal(healthy->verdict, VERDICT_MET);
	run_free(healthy);
}

static void
replay_gives_the_same(void **state)
{
	for (size_t i = 0; i < fault_count(); i++) {
		struct run *r = fault_at(i)->sick(), *again;
		struct err e = { 0 };
		diagnose(r);
		json_t *first = run_to_json(r);
		diagnose(r);
		json_t *second = run_to_json(r);
		assert_true(json_equal(first, second));
		assert_int_equal(run_from_json(first, &again, &e), 0);
		diagnose(again);
		json_t *third = run_to_json(again);
		assert_true(json_equal(first, third));
		json_decref(first);
		json_decref(second);
		json_decref(third);
		run_free(r);
		run_free(again);
	}
}

/* A record that was damaged or made by somebody else: figures out of range, parts missing. */
static void
damage(json_t *j, unsigned *seed)
{
	const char *key;
	json_t *value;
	void *next;
	size_t i;

	json_object_foreach_safe(j, next, key, value) {
		unsigned v = next_random(seed) % 60;
		if (v == 0)
			json_object_del(j, key);
		else if (json_is_string(value) && v < 3)
			json_string_set(value, "");
		else if (json_is_real(value) && v < 6)
			json_real_set(value, v == 3 ? -1e300 : v == 4 ? 1e300 : 0);
		else if (json_is_integer(value) && v < 6)
			json_integer_set(value, v == 3 ? INT64_MIN : v == 4 ? INT64_MAX : 0);
		else
			damage(value, seed);
	}
	json_array_foreach(j, i, value)
		damage(value, seed);
}

static void
a_damaged_record_does_no_harm(void **state)
{
	unsigned seed = 11;

	for (int round = 0; round < 400; round++) {
		struct run *r = fault_at(round % fault_count())->sick(), *again;
		struct err e = { 0 };
		target(r, "latency_p99", "<", 0.05, round % 2 ? 2000 : 0);
		diagnose(r);
		json_t *j = run_to_json(r);
		damage(j, &seed);
		if (run_from_json(j, &again, &e) == 0) {
			diagnose(again);
			for (size_t i = 0; i < again->n_findings; i++)
				assert_true(again->findings[i].share >= 0 && again->findings[i].share <= 1);
			assert_non_null(again->headline);
			run_free(again);
		}
		json_decref(j);
		run_free(r);
	}
}

static void
every_kind_has_a_page_of_80_columns(void **state)
{
	const char *const *kinds = diagnose_kinds();
	size_t n = 0;

	for (; kinds[n]; n++) {
		const char *page = diagnose_explain(kinds[n]);
		assert_non_null(page);
		assert_memory_equal(page, kinds[n], strlen(kinds[n]));
		assert_true(n == 0 || strcmp(kinds[n - 1], kinds[n]) < 0);
		for (const char *line = page, *end; (end = strchr(line, '\n')); line = end + 1)
			assert_true(end - line <= 80);
	}
	assert_int_equal(n, 36);
	for (size_t i = 0; i < fault_count(); i++)
		assert_non_null(diagnose_explain(fault_at(i)->kind));
	assert_null(diagnose_explain("cpu.nonsense"));
	assert_null(diagnose_explain(NULL));
}

RUN_TESTS(
	cmocka_unit_test(each_kind_is_named_first),
	cmocka_unit_test(the_healthy_twin_is_not_accused),
	cmocka_unit_test(every_detector_fires_or_says_why_not),
	cmocka_unit_test(replay_gives_the_same),
	cmocka_unit_test(a_damaged_record_does_no_harm),
	cmocka_unit_test(every_kind_has_a_page_of_80_columns))
