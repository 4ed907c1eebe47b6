/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "spec/setting.h"
#include "spec/spec.h"
#include "spec/spec_schema.h"
#include "spec/spec_yaml.h"
#include "check.h"

static int
read_text(struct spec *s, const char *text, struct err *e)
{
	memset(e, 0, sizeof(*e));
	return spec_read_yaml(s, "prony.yaml", text, strlen(text), e);
}

static const struct setting *
row_of(const char *name)
{
	const struct setting *row = spec_settings;
	while (row->name && strcmp(row->name, name) != 0)
		row++;
	assert_non_null(row->name);
	return row;
}

static void
targets_are_read(void **state)
{
	static const struct {
		const char *text;
		enum target_metric metric;
		bool at_least;
		double limit, at_rate;
	} rows[] = {
		{ "p99<500ms", TARGET_LATENCY_P99, false, 0.5, 0 },
		{ "p99 < 500ms @ 20k/s", TARGET_LATENCY_P99, false, 0.5, 20000 },
		{ "p99<=500ms@20k/s", TARGET_LATENCY_P99, false, 0.5, 20000 },
		{ " p50 < 1.5 s ", TARGET_LATENCY_P50, false, 1.5, 0 },
		{ "p99.9<2s", TARGET_LATENCY_P999, false, 2, 0 },
		{ "mean<250us", TARGET_LATENCY_MEAN, false, 250e-6, 0 },
		{ "errors < 0.1%", TARGET_ERRORS, false, 0.001, 0 },
		{ "availability > 99.99%", TARGET_AVAILABILITY, true, 0.9999, 0 },
		{ "rate>=20k/s", TARGET_RATE, true, 20000, 0 },
		{ "cost < 400 USD/month", TARGET_COST, false, 400, 0 },
		{ "cost<1.2k usd/month", TARGET_COST, false, 1200, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct spec *s = spec_new();
		if (spec_target(s, rows[i].text, &e) < 0)
			fail_msg("%s: %s", rows[i].text, e.text);
		assert_int_equal(s->n_targets, 1);
		assert_int_equal(s->targets[0].metric, rows[i].metric);
		assert_int_equal(s->targets[0].at_least, rows[i].at_least);
		CHECK_NEAR(s->targets[0].limit, rows[i].limit, 1e-9);
		CHECK_NEAR(s->targets[0].at_rate, rows[i].at_rate, 0);
		spec_free(s);
	}
}

static void
several_targets_stand_in_one_text(void **state)
{
	struct err e = { 0 };
	struct spec *s = spec_new();

	assert_int_equal(spec_target(s, "p99<500ms@20k/s , errors<0.1%", &e), 0);
	assert_int_equal(s->n_targets, 2);
	assert_string_equal(s->targets[0].text, "p99<500ms@20k/s");
	assert_string_equal(s->targets[1].text, "errors<0.1%");
	assert_true(spec_target(s, "p50<1ms,,", &e) < 0);
	assert_int_equal(s->n_targets, 2);
	spec_free(s);
}

static void
bad_targets_are_explained(void **state)
{
	static const struct { const char *text, *says, *hint; } rows[] = {
		{ "", "at 1: a name such as p99 is missing", "p99<500ms" },
		{ "p98<500ms", "at 1: 'p98' is not something", "did you mean 'p9" },
		{ "latency<1s", "at 1: 'latency'", "p99<500ms" },
		{ "p99", "at 4: '<' is expected after 'p99'", "p99<500ms" },
		{ "p99=500ms", "at 4: '<' is expected", "p99<500ms" },
		{ "p99>500ms", "at 4: p99 is promised to stay below", "p99<500ms" },
		{ "rate<20k/s", "at 5: rate is promised to stay above", "rate>=20k/s" },
		{ "p99<500", "at 5: '500' is not a duration with its unit", "p99<500ms" },
		{ "p99 < ", "at 7: '' is not a duration", "p99<500ms" },
		{ "p99<0s", "is not a duration", "p99<500ms" },
		{ "availability>99.99", "at 14: '99.99' is not a share", "availability>99.9%" },
		{ "errors<5 apples", "'5 apples' is not a share", "errors<0.1%" },
		{ "cost<400", "is not money per month", "USD/month" },
		{ "cost<400 USD/week", "is not money per month", "USD/month" },
		{ "p99<500ms@fast", "at 11: 'fast' is not a rate", "20k/s" },
		{ "p99<500ms,errors>1%", "at 17: errors is promised to stay below", "errors<0.1%" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct spec *s = spec_new();
		assert_true(spec_target(s, rows[i].text, &e) < 0);
		if (!strstr(e.text, rows[i].says) || !strstr(e.hint, rows[i].hint))
			fail_msg("%s: said '%s', next '%s'", rows[i].text, e.text, e.hint);
		assert_int_equal(e.status, STATUS_USAGE);
		assert_int_equal(s->n_targets, 0);
		spec_free(s);
	}
}

static void
conditions_say_what_does_harm(void **state)
{
	static const struct { const char *text, *says, *hint; } rows[] = {
		{ "errors>20%, shop: p99 > 5s", NULL, NULL }, { "availability<80%", NULL, NULL },
		{ "rate<10/s", NULL, NULL }, { "errors<20%", "errors does harm above", "errors>20%" },
		{ "rate>10/s", "rate does harm below", "rate<10/s" },
		{ "p99>5s@1k/s", "at any rate", "leave out" }, { "cost>5 USD/month", "not something", "errors>20%" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct spec *s = spec_new();
		int code = spec_stop_if(s, rows[i].text, &e);
		if (rows[i].says ? code == 0 || !strstr(e.text, rows[i].says) || !strstr(e.hint, rows[i].hint)
		                 : code < 0)
			fail_msg("%s: said '%s', next '%s'", rows[i].text, e.text, e.hint);
		assert_int_equal(s->n_stop_if, rows[i].says ? 0 : i ? 1 : 2);
		if (i == 0) {
			assert_true(s->stop_if[1].at_least);
			assert_string_equal(s->stop_if[1].route, "shop");
		}
		assert_int_equal(s->n_targets, 0);
		spec_free(s);
	}
}

static const char design_file[] =
	"system: shop-api\n"
	"service: { url: \"http://127.0.0.1:8080\", routes: [\"/orders\", \"/catalog\"], "
	"start: \"node server.js --port {port}\" }\n"
	"database: postgresql://prony@127.0.0.1/shop\n"
	"issues: [\"p99 above 5 s during live events\", \"database CPU at 100 %\"]\n"
	"targets: [\"p99 < 500ms @ 20k/s\", \"errors < 0.1%\", \"availability > 99.99%\", "
	"\"cost < 400 USD/month\"]\n"
	"load: { peak: 500k/s, transfer: 10PB/month }\n"
	"budget: 200000 USD/month\n";

static void
the_documented_file_loads(void **state)
{
	struct err e = { 0 };
	struct spec *s = spec_new();

	if (read_text(s, design_file, &e) < 0 || spec_check(s, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(s->system, "shop-api");
	assert_int_equal(s->n_urls, 2);
	assert_string_equal(s->urls[0], "http://127.0.0.1:8080/orders");
	assert_string_equal(s->urls[1], "http://127.0.0.1:8080/catalog");
	assert_string_equal(s->start, "node server.js --port {port}");
	assert_string_equal(s->database, "postgresql://prony@127.0.0.1/shop");
	assert_int_equal(s->n_issues, 2);
	assert_int_equal(s->n_targets, 4);
	CHECK_NEAR(s->peak_rate, 500000, 0);
	CHECK_NEAR(s->transfer_bytes_per_month, 1e16, 0);
	CHECK_NEAR(s->budget_per_month, 200000, 0);
	assert_string_equal(s->currency, "USD");
	assert_int_equal(s->for_ns, 10000000000);
	assert_true(s->poisson);
	spec_free(s);
}

static void
bad_files_are_explained(void **state)
{
	static const struct { const char *text, *says, *hint; } rows[] = {
		{ "system: a\ntagets: [\"p99<1s\"]\n",
		  "prony.yaml:2:1: unknown key 'tagets'\n    2 | tagets: [\"p99<1s\"]\n      | ^",
		  "did you mean 'targets'?" },
		{ "load:\n  raet: 5\n", "prony.yaml:2:3: unknown key 'raet' in load", "did you mean 'rate'?" },
		{ "rate: 5/s\n", "1:1: unknown key 'rate'", "did you mean 'load.rate'?" },
		{ "load: { rate: 20x }\n", "prony.yaml:1:15: load.rate: '20x' is not a rate", "20k/s" },
		{ "load: { for: 10 }\n", "'10' is not a duration", "10s" },
		{ "load: { rate: 0 }\n", "'0' is too small", "20k/s" },
		{ "system: a\nsystem: b\n", "2:1: duplicate key 'system'", "keep one" },
		{ "load: { rate: 1, rate: 2 }\n", "duplicate key 'rate'", "keep one" },
		{ "load: 5\n", "load: a single value where keys are expected", "load: {" },
		{ "load: { rate: [1, 2] }\n", "load.rate: a list where a single value", "" },
		{ "targets: { a: b }\n", "targets: keys where a single value", "" },
		{ "targets: [[\"p99<1s\"]]\n", "targets: a list where a single value", "" },
		{ "targets: [\"p99<1s\", \"p99>1s\"]\n", "1:21: targets: target 'p99>1s': at 4", "p99<500ms" },
		{ "observe: yes\n", "observe: 'yes' is neither true nor false", "true or false" },
		{ "database:\n", "database: an empty text", "postgresql://" },
		{ "- a\n", "1:1: a list where keys are expected", "targets" },
		{ "just words\n", "a single value where keys are expected", "targets" },
		{ "", "empty", "schema" },
		{ "# nothing\n", "empty", "schema" },
		{ "system: \"a\n", "not YAML", "key: value" },
		{ "system: a\n\tload: b\n", "not YAML", "key: value" },
		{ "system: &x a\n", "tags and anchors", "" },
		{ "system: !!int 5\n", "tags and anchors", "" },
		{ "system: *x\n", "an alias", "" },
		{ "system: a\n---\nsystem: b\n", "second document", "one service" },
		{ "service: { url: \"ftp://127.0.0.1/\" }\n", "not a URL", "http://127.0.0.1:8080/" },
		{ "service: { routes: [orders] }\n", "'orders' is not a path", "/orders" },
		{ "budget: 200000\n", "is not money per month", "USD/month" },
		{ "system: a\xff\n", "not YAML", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e;
		struct spec *s = spec_new();
		if (read_text(s, rows[i].text, &e) == 0)
			fail_msg("accepted: %s", rows[i].text);
		if (!strstr(e.text, rows[i].says) || !strstr(e.hint, rows[i].hint))
			fail_msg("%s: said '%s', next '%s'", rows[i].text, e.text, e.hint);
		assert_int_equal(e.status, STATUS_USAGE);
		spec_free(s);
	}
}

static void
scalars_stay_text(void **state)
{
	struct err e;
	struct spec *s = spec_new();

	assert_int_equal(read_text(s, "system: no\nissues: 1:30\nservice: { unit: 0x10 }\n", &e), 0);
	assert_string_equal(s->system, "no");
	assert_string_equal(s->issues[0], "1:30");
	assert_string_equal(s->unit, "0x10");
	spec_free(s);
}

static void
a_flag_wins_over_the_file(void **state)
{
	struct err e = { 0 };
	struct spec *s = spec_new();

	assert_int_equal(spec_flag(s, row_of("rate"), "7/s", &e), 0);
	assert_int_equal(spec_flag(s, row_of("target"), "p99<1s", &e), 0);
	assert_int_equal(read_text(s, "load: { rate: 9/s, for: 3s }\ntargets: [\"p50<1s\"]\n", &e), 0);
	CHECK_NEAR(s->rate, 7, 0);
	assert_int_equal(s->for_ns, 3000000000);
	assert_int_equal(s->n_targets, 1);
	assert_int_equal(s->targets[0].metric, TARGET_LATENCY_P99);
	assert_true(read_text(s, "load: { rate: many }\n", &e) < 0);
	assert_true(spec_flag(s, row_of("rate"), "8/s", &e) < 0);
	spec_free(s);
}

static void
targets_of_the_command_line_are_checked(void **state)
{
	static const struct { const char *words[3]; const char *says, *hint; } rows[] = {
		{ { NULL }, "which service", "prony check http" },
		{ { "127.0.0.1:8080" }, "not a URL", "http://127.0.0.1:8080" },
		{ { "http://127.0.0.1:1/", "https://127.0.0.1:1/" }, "two services", "one scheme" },
		{ { "ftp://127.0.0.1/" }, "not a URL", "http://" },
		{ { "http://127.0.0.1:99999/" }, "not HOST or HOST:PORT", "http://" },
		{ { "http:///x" }, "not HOST or HOST:PORT", "http://" },
		{ { "http://[::1/x" }, "not HOST or HOST:PORT", "http://" },
		{ { "http://u:p@127.0.0.1/" }, "user or password", "-H" },
		{ { "http://127.0.0.1/a b" }, "blank", "%20" },
		{ { "http://127.0.0.1/#top" }, "never sent", "#top" },
		{ { "http://192.0.2.1/" }, "not this machine's loopback", "--allow-load 192.0.2.1" },
		{ { "http://127.0.0.1:1/", "http://127.0.0.1:2/" }, "two services", "one at a time" },
		{ { "pid:0" }, "not a process id", "pgrep" },
		{ { "pid:x" }, "not a process id", "pgrep" },
		{ { "pid:7", "unit:a" }, "two targets", "leave one" },
		{ { "/no/such/file.yaml" }, "No such file", "optional" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct spec *s = spec_new();
		int code = 0;
		for (size_t j = 0; rows[i].words[j] && code == 0; j++)
			code = spec_word(s, rows[i].words[j], &e);
		if (code == 0)
			code = spec_check(s, &e);
		assert_true(code < 0);
		if (!strstr(e.text, rows[i].says) || !strstr(e.hint, rows[i].hint))
			fail_msg("row %zu: said '%s', next '%s'", i, e.text, e.hint);
		assert_int_equal(e.status, STATUS_USAGE);
		spec_free(s);
	}
}

static void
urls_are_normalised(void **state)
{
	static const struct { const char *url, *becomes; } rows[] = {
		{ "http://127.0.0.1:8080", "http://127.0.0.1:8080/" },
		{ "http://127.0.0.1:80/a?b=c", "http://127.0.0.1/a?b=c" },
		{ "http://[::1]:8080/x", "http://[::1]:8080/x" },
		{ "http://localhost/", "http://localhost/" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct spec *s = spec_new();
		if (spec_word(s, rows[i].url, &e) < 0 || spec_check(s, &e) < 0)
			fail_msg("%s: %s", rows[i].url, e.text);
		assert_string_equal(s->urls[0], rows[i].becomes);
		spec_free(s);
	}
}

static void
every_row_is_complete(void **state)
{
	for (const struct setting *row = spec_settings; row->name; row++) {
		struct err e = { 0 };
		struct spec *s = spec_new();
		assert_non_null(row->about);
		assert_true(row->groups != 0);
		if (row->kind != SETTING_FLAG) {
			const char *good = row->example ? row->example : row->preset;
			char bare[128] = "";
			assert_non_null(row->argument);
			assert_non_null(good);
			snprintf(bare, sizeof(bare), "%s", good + (good[0] == '\''));
			bare[strcspn(bare, "'")] = '\0';
			if (setting_store(row, s->arena, s, bare, &e) < 0)
				fail_msg("--%s %s: %s", row->name, bare, e.text);
		}
		if (row->preset)
			assert_int_equal(setting_store(row, s->arena, s, row->preset, &e), 0);
		spec_free(s);
	}
}

static void
the_schema_knows_every_key(void **state)
{
	json_t *schema = spec_schema();

	for (const struct setting *row = spec_settings; row->name; row++) {
		char key[64];
		json_t *at = schema;
		snprintf(key, sizeof(key), "%s", row->key);
		for (char *part = strtok(key, "."); part; part = strtok(NULL, "."))
			at = json_object_get(json_object_get(at, "properties"), part);
		if (!at || !json_object_get(at, "description"))
			fail_msg("no %s in the schema", row->key);
	}
	json_decref(schema);
}

static void
a_spec_is_aimed_at_another_place(void **state)
{
	static const struct { const char *url, *route, *base, *wanted; } rows[] = {
		{ NULL, NULL, "http://127.0.0.1:81/a?b=c", "http://127.0.0.1:81/a?b=c" },
		{ NULL, "/orders", "http://127.0.0.1:81/", "http://127.0.0.1:81/orders" },
		{ NULL, "/orders", "http://127.0.0.1:81/v2/", "http://127.0.0.1:81/v2/orders" },
		{ "https://127.0.0.1/a", NULL, "http://127.0.0.1:81/", "http://127.0.0.1:81/a" },
		{ "http://127.0.0.1/a", NULL, "http://127.0.0.1:81/v2", "http://127.0.0.1:81/v2/a" },
		{ "http://127.0.0.1/a", "/b", "http://127.0.0.1:81/", "http://127.0.0.1:81/a/b" },
		{ "redis://127.0.0.1/3", NULL, "redis://me:pw@127.0.0.1:81/",
		  "redis://me:pw@127.0.0.1:81/3" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spec *s = spec_new(), *there = NULL;
		struct arena *a = arena_new();
		struct err e = { 0 };
		if (rows[i].url)
			assert_int_equal(spec_flag(s, row_of("url"), rows[i].url, &e), 0);
		if (rows[i].route)
			assert_int_equal(spec_flag(s, row_of("route"), rows[i].route, &e), 0);
		assert_int_equal(spec_preset(s, &e), 0);
		for (int again = 0; again < 2; again++) {
			if (spec_at_place(s, rows[i].base, a, &there, &e) < 0)
				fail_msg("%s: %s", rows[i].base, e.text);
			assert_int_equal(there->n_urls, 1);
			assert_string_equal(there->urls[0], rows[i].wanted);
		}
		assert_int_equal(s->n_urls, rows[i].url != NULL);
		assert_int_equal(s->n_routes, rows[i].route != NULL);
		arena_free(a);
		spec_free(s);
	}
}

static void
another_place_has_to_be_allowed(void **state)
{
	struct spec *s = spec_new(), *there = NULL;
	struct arena *a = arena_new();
	struct err e = { 0 };

	assert_int_equal(spec_preset(s, &e), 0);
	assert_int_equal(spec_at_place(s, "http://192.0.2.1/", a, &there, &e), -EINVAL);
	assert_null(there);
	s->allow_load = "192.0.2.1";
	assert_int_equal(spec_at_place(s, "http://192.0.2.1/", a, &there, &e), 0);
	assert_non_null(there);
	arena_free(a);
	spec_free(s);
}

RUN_TESTS(cmocka_unit_test(a_spec_is_aimed_at_another_place),
    cmocka_unit_test(another_place_has_to_be_allowed), cmocka_unit_test(targets_are_read),
    cmocka_unit_test(several_targets_stand_in_one_text),
    cmocka_unit_test(bad_targets_are_explained),
    cmocka_unit_test(conditions_say_what_does_harm), cmocka_unit_test(the_documented_file_loads),
    cmocka_unit_test(bad_files_are_explained), cmocka_unit_test(scalars_stay_text),
    cmocka_unit_test(a_flag_wins_over_the_file),
    cmocka_unit_test(targets_of_the_command_line_are_checked),
    cmocka_unit_test(urls_are_normalised), cmocka_unit_test(every_row_is_complete),
    cmocka_unit_test(the_schema_knows_every_key))
