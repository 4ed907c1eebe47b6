/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "spec/setting.h"
#include "spec/spec.h"
#include "check.h"

static void
stages_are_read(void **state)
{
	static const struct { const char *text; size_t n; struct stage last; } rows[] = {
		{ "1k/s for 10s", 1, { 1000, 1000, 10 * NS_PER_S, "1k/s for 10s" } },
		{ "100/s..1k/s for 30s", 1, { 100, 1000, 30 * NS_PER_S, "100/s..1k/s for 30s" } },
		{ " 100 .. 0 for\t1.5 m ", 1, { 100, 0, 90 * NS_PER_S, "100 .. 0 for\t1.5 m" } },
		{ "0 for 250ms", 1, { 0, 0, NS_PER_S / 4, "0 for 250ms" } },
		{ ".5..1.5/s for 1h", 1, { 0.5, 1.5, 3600 * NS_PER_S, ".5..1.5/s for 1h" } },
		{ "60/min for 1s, 5 for 2s,6..7 for 3s", 3, { 6, 7, 3 * NS_PER_S, "6..7 for 3s" } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new();
		struct err e = { 0 };
		struct stage *stages = NULL;
		size_t n = 0;
		if (stages_parse(rows[i].text, a, &stages, &n, &e) < 0)
			fail_msg("%s: %s", rows[i].text, e.text);
		assert_int_equal(n, rows[i].n);
		const struct stage *last = &stages[n - 1];
		CHECK_NEAR(last->from, rows[i].last.from, 1e-12);
		CHECK_NEAR(last->to, rows[i].last.to, 1e-12);
		assert_int_equal(last->for_ns, rows[i].last.for_ns);
		assert_string_equal(last->text, rows[i].last.text);
		arena_free(a);
	}
}

static void
bad_stages_are_pointed_at(void **state)
{
	static const struct { const char *text, *says; } rows[] = {
		{ "", "at 1: a stage is missing" },
		{ "1k/s", "at 5: 'for' and how long" },
		{ "1k/s fro 3s", "at 12: 'for' and how long" },
		{ "for 3s", "at 1: a rate is missing" },
		{ "1k/s for", "at 9: a duration is missing" },
		{ "1k/s for ten seconds", "at 10: 'ten seconds' is not a duration" },
		{ "1k/s for 10", "at 10: '10' is not a duration with its unit" },
		{ "1k/s for 0s", "at 10: '0s' is not a duration" },
		{ "1k/s for 25h", "at 10: '25h' is longer than a day" },
		{ "fast for 3s", "at 1: 'fast' is not a rate" },
		{ "1..many/s for 3s", "at 4: 'many/s' is not a rate" },
		{ "..5 for 3s", "at 1: a rate is missing" },
		{ "5.. for 3s", "at 5: a rate is missing" },
		{ "1..2..3 for 3s", "at 4: '2..3' is not a rate" },
		{ "200M/s for 3s", "at 1: '200M/s' is more than 100000000/s" },
		{ "-5 for 3s", "at 1: '-5' is not a rate" },
		{ "5 for 3s,", "at 10: a stage is missing" },
		{ "5 for 3s, 6", "at 12: 'for' and how long" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new();
		struct err e = { 0 };
		struct stage *stages = NULL;
		size_t n = 0;
		assert_true(stages_parse(rows[i].text, a, &stages, &n, &e) < 0);
		assert_int_equal(n, 0);
		assert_int_equal(e.status, STATUS_USAGE);
		if (!strstr(e.text, rows[i].says) || !strstr(e.hint, "'100/s..1k/s for 30s'"))
			fail_msg("%s: '%s', '%s'", rows[i].text, e.text, e.hint);
		arena_free(a);
	}
}

/* ---- among the other settings -------------------------------------------------------------- */

static int
give(struct spec *s, const char *const words[][2], struct err *e)
{
	int code = spec_word(s, "http://127.0.0.1:1/", e);

	for (size_t i = 0; words[i][0] && code == 0; i++) {
		const struct setting *row = spec_settings;
		while (strcmp(row->name, words[i][0]) != 0)
			row++;
		code = spec_flag(s, row, words[i][1], e);
	}
	return code < 0 ? code : spec_check(s, e);
}

static void
one_thing_says_how_much_load(void **state)
{
	static const struct { const char *words[4][2]; const char *says; } rows[] = {
		{ { { "stage", "5 for 3s" }, { "stage", "5..0 for 1s" } }, NULL },
		{ { { "replay", "f" }, { "speed", "2" } }, NULL },
		{ { { "replay", "f" }, { "speed", "0.25x" }, { "save-schedule", "g" } }, NULL },
		{ { { "rate", "5" }, { "stage", "5 for 3s" } }, "--rate and --stage contradict" },
		{ { { "closed", "true" }, { "stage", "5 for 3s" } }, "--closed and --stage contradict" },
		{ { { "replay", "f" }, { "stage", "5 for 3s" } }, "--stage and --replay contradict" },
		{ { { "observe", "true" }, { "replay", "f" } }, "--observe makes no load, --replay" },
		{ { { "observe", "true" }, { "press", "true" } }, "--press is for load that prony makes" },
		{ { { "stage", "5 for 3s" }, { "for", "5s" } }, "--for and --stage contradict" },
		{ { { "replay", "f" }, { "for", "5s" } }, "--for and --replay contradict" },
		{ { { "stage", "0 for 3s" } }, "all stages are pauses" },
		{ { { "speed", "2" } }, "--speed without --replay" },
		{ { { "replay", "f" }, { "speed", "0" } }, "'0' is not a factor" },
		{ { { "replay", "f" }, { "speed", "0x10" } }, "'0x10' is not a factor" },
		{ { { "replay", "f" }, { "speed", "1.2.3" } }, "'1.2.3' is not a factor" },
		{ { { "replay", "f" }, { "speed", "1e2" } }, "'1e2' is not a factor" },
		{ { { "closed", "true" }, { "save-schedule", "g" } }, "--save-schedule and --closed" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spec *s = spec_new();
		struct err e = { 0 };
		int code = give(s, rows[i].words, &e);
		if ((code < 0) != (rows[i].says != NULL) || (code < 0 && !strstr(e.text, rows[i].says)))
			fail_msg("row %zu: '%s'", i, e.text);
		assert_true(code == 0 || e.hint[0]);
		spec_free(s);
	}
}

static void
the_file_may_hold_stages(void **state)
{
	struct spec *s = spec_new();
	struct err e = { 0 };
	struct setting const *row = spec_settings;

	while (strcmp(row->name, "stage") != 0)
		row++;
	assert_string_equal(row->key, "load.stages");
	assert_int_equal(setting_store(row, s->arena, s, "1 for 1s, 2 for 2s", &e), 0);
	assert_int_equal(setting_store(row, s->arena, s, "3..4 for 3s", &e), 0);
	assert_int_equal(s->n_stages, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(s->stages[i].for_ns, (i + 1) * NS_PER_S);
	spec_free(s);
}

RUN_TESTS(cmocka_unit_test(stages_are_read), cmocka_unit_test(bad_stages_are_pointed_at),
    cmocka_unit_test(one_thing_says_how_much_load), cmocka_unit_test(the_file_may_hold_stages))
