/* SPDX-License-Identifier: MIT */
#include "history/history.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "check.h"
#include "cli/history_table.h"
#include "run/run_store.h"

/* Each test works in a folder of its own. */
static int
enter(void **state)
{
	char folder[] = "/tmp/prony-history-XXXXXX";
	if (!mkdtemp(folder) || chdir(folder) < 0)
		return -1;
	*state = strdup(folder);
	return 0;
}

static int
leave(void **state)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", (char *)*state);
	free(*state);
	return chdir("/") < 0 || system(command) != 0 ? -1 : 0;
}

/* A little noise that is the same each time. */
static double
wobble(int i)
{
	uint64_t x = (uint64_t)i + 1;

	for (int k = 0; k < 3; k++)
		x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
	return 0.98 + 0.04 * (double)(x >> 11) / 9007199254740992.0;
}

struct made { const char *cpu; double p99, throughput; bool sealed; double self; };

static void
make_run(int i, struct made m)
{
	struct err e = { 0 };
	struct run *r = run_new();

	r->system.name = "shop";
	RUN_ADD_STR(r, r->system.targets, r->system.n_targets, "http://127.0.0.1:8080/");
	RUN_ADD_STR(r, r->spec.urls, r->spec.n_urls, "http://127.0.0.1:8080/");
	r->spec.rate = 100;
	r->spec.seed = 1;
	r->host.cpu_model = m.cpu;
	r->host.cpus = 2;
	r->baseline.latency.p99 = m.p99 * wobble(i);
	r->baseline.throughput = m.throughput * wobble(i + 50);
	r->baseline.cpu_per_request = 0.001 * wobble(i + 99);
	struct run_function *f =
	    RUN_ADD(r, function, r->evidence.trace.functions, r->evidence.trace.n_functions);
	f->name = "render";
	f->self = m.self > 0 ? m.self : 0.4;
	char folder[64];
	snprintf(folder, sizeof(folder), ".prony/runs/%04d", i);
	assert_int_equal(run_create(r, folder, &e), 0);
	r->id = run_printf(r, "run-%04d", i);
	r->created = run_printf(r, "2026-01-%02dT00:00:00Z", i + 1);
	assert_int_equal(m.sealed ? run_seal(r, &e) : run_save(r, &e), 0);
	run_free(r);
}

static void
make_runs(int from, int to, double p99)
{
	for (int i = from; i < to; i++)
		make_run(i, (struct made) { "A", p99, 100, true });
}

struct asked {
	struct history *h;
	struct arena *a;
	struct history_answer answer;
};

static struct asked
ask(const char *service)
{
	struct err e = { 0 };
	struct asked q = { .a = arena_new() };

	assert_int_equal(history_open(NULL, &q.h, &e), 0);
	assert_int_equal(history_ask(q.h, service, q.a, &q.answer, &e), 0);
	return q;
}

static void
asked_done(struct asked *q)
{
	history_close(q->h);
	arena_free(q->a);
}

static const struct history_series *
series(const struct asked *q, const char *metric, const char *what)
{
	for (size_t i = 0; i < q->answer.n_series; i++) {
		const struct history_series *s = &q->answer.series[i];
		if (strcmp(s->metric, metric) == 0 && (what ? s->what && !strcmp(s->what, what) : !s->what))
			return s;
	}
	fail_msg("no series %s", metric);
	return NULL;
}

static void
a_slower_service_is_found(void **state)
{
	make_runs(0, 14, 0.1);
	make_runs(14, 28, 0.15);
	struct asked q = ask("shop");
	const struct history_series *s = series(&q, "latency_p99", NULL);

	assert_int_equal(q.answer.runs, 28);
	assert_int_equal(s->n_points, 28);
	assert_string_equal(s->points[14].run, "run-0014");
	assert_int_equal(s->n_changes, 1);
	assert_int_equal(s->changes[0].at, 14);
	assert_true(s->changes[0].worse && history_is_worse(s));
	CHECK_NEAR(s->changes[0].before, 0.1, 0.003);
	CHECK_NEAR(s->changes[0].after, 0.15, 0.003);
	CHECK_NEAR(s->level, 0.15, 0.003);
	assert_true(s->sd > 0.001 && s->sd < 0.03);
	assert_int_equal(series(&q, "throughput", NULL)->n_changes, 0);
	CHECK_NEAR(series(&q, "function", "render")->level, 0.0004, 1e-5);
	assert_int_equal(history_status(&q.answer), STATUS_MISSED);
	asked_done(&q);
}

static void
more_throughput_is_better(void **state)
{
	for (int i = 0; i < 24; i++)
		make_run(i, (struct made) { "A", 0.1, i < 12 ? 100 : 130, true });
	struct asked q = ask(NULL);
	const struct history_series *s = series(&q, "throughput", NULL);

	assert_int_equal(s->n_changes, 1);
	assert_false(s->changes[0].worse);
	assert_int_equal(history_status(&q.answer), STATUS_OK);
	asked_done(&q);
}

static void
a_function_alone_is_no_reason_to_fail(void **state)
{
	for (int i = 0; i < 24; i++)
		make_run(i, (struct made) { "A", 0.1, 100, true, i < 12 ? 0.3 : 0.5 });
	struct asked q = ask("shop");

	assert_true(history_is_worse(series(&q, "function", "render")));
	assert_int_equal(history_status(&q.answer), STATUS_OK);
	asked_done(&q);
}

static void
few_runs_allow_no_claim(void **state)
{
	make_runs(0, 4, 0.1);
	make_runs(4, 7, 0.9);
	struct asked q = ask("shop");
	struct report_terminal t = { .columns = 80 };
	struct buf out = { 0 };

	assert_int_equal(series(&q, "latency_p99", NULL)->n_changes, 0);
	assert_int_equal(history_status(&q.answer), STATUS_INCONCLUSIVE);
	history_table(&out, &t, &q.answer);
	assert_non_null(strstr(buf_text(&out), "7 runs: too few for a claim (8)"));
	buf_done(&out);
	asked_done(&q);
}

static void
services_are_found_by_name_and_url(void **state)
{
	static const struct { const char *ask; size_t runs; } rows[] = {
		{ "shop", 3 }, { "http://127.0.0.1:8080/", 3 }, { "http://127.0.0.1:8080", 3 }, { NULL, 3 },
		{ "http://127.0.0.1:808", 0 }, { "other", 0 }, { "", 0 },
	};

	make_runs(0, 3, 0.1);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct asked q = ask(rows[i].ask);
		if (q.answer.runs != rows[i].runs || (q.answer.n_series > 0) != (rows[i].runs > 0))
			fail_msg("'%s': %zu runs", rows[i].ask ? rows[i].ask : "all", q.answer.runs);
		asked_done(&q);
	}
}

static void
other_hosts_are_other_series(void **state)
{
	make_runs(0, 5, 0.1);
	for (int i = 5; i < 9; i++)
		make_run(i, (struct made) { "B", 0.1, 100, true });
	struct asked q = ask("shop");

	assert_int_equal(q.answer.runs, 9);
	assert_int_equal(series(&q, "latency_p99", NULL)->n_points, 5);
	asked_done(&q);
}

static void
the_index_follows_the_folders(void **state)
{
	make_runs(0, 4, 0.1);
	make_run(4, (struct made) { "A", 0.1, 100, false });
	struct asked q = ask("shop");
	assert_int_equal(q.answer.runs, 4);   /* the fifth is not finished */
	asked_done(&q);
	make_run(4, (struct made) { "A", 0.1, 100, true });
	assert_int_equal(system("rm -r .prony/runs/0001"), 0);
	q = ask("shop");
	assert_int_equal(q.answer.runs, 4);
	assert_int_equal(series(&q, "latency_p99", NULL)->n_points, 4);
	assert_string_equal(series(&q, "latency_p99", NULL)->points[1].run, "run-0002");
	asked_done(&q);
}

static void
a_broken_run_is_named(void **state)
{
	struct err e = { 0 };

	make_runs(0, 3, 0.1);
	assert_int_equal(file_write(".prony/runs/0001/run.json", "{\"id\": 7", 8, &e), 0);
	for (int i = 0; i < 2; i++) {
		struct asked q = ask("shop");
		assert_int_equal(q.answer.runs, 2);
		assert_int_equal(q.answer.n_skipped, 1);
		assert_non_null(strstr(q.answer.skipped[0].path, "0001"));
		assert_non_null(strstr(q.answer.skipped[0].why, "not JSON"));
		asked_done(&q);
	}
}

static void
a_damaged_index_is_made_anew(void **state)
{
	static const char *const damage[] = {
		"printf 'no database at all, but longer than its header would be' > .prony/history.db",
		"dd if=/dev/urandom of=.prony/history.db bs=1024 seek=4 count=8 conv=notrunc 2>/dev/null",
		"truncate -s 3000 .prony/history.db", "rm .prony/history.db", ": > .prony/history.db",
	};

	make_runs(0, 5, 0.1);
	for (size_t i = 0; i < COUNT_OF(damage); i++) {
		struct asked q = ask("shop");
		assert_int_equal(q.answer.runs, 5);
		asked_done(&q);
		assert_int_equal(system(damage[i]), 0);
		q = ask("shop");
		if (q.answer.runs != 5)
			fail_msg("%s: %zu runs", damage[i], q.answer.runs);
		assert_int_equal(series(&q, "latency_p99", NULL)->n_points, 5);
		asked_done(&q);
	}
}

static void
several_may_use_it_at_once(void **state)
{
	enum { CHILDREN = 4 };
	pid_t child[CHILDREN];
	int status;

	make_runs(0, 12, 0.1);
	for (int i = 0; i < CHILDREN; i++) {
		child[i] = fork();
		if (child[i])
			continue;
		struct err e = { 0 };
		struct history *h = NULL;
		struct history_answer answer = { 0 };
		bool good = history_open(NULL, &h, &e) == 0 &&
		    history_ask(h, "shop", arena_new(), &answer, &e) == 0 && answer.runs == 12;
		_exit(good ? 0 : 1);
	}
	for (int i = 0; i < CHILDREN; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
}

static void
no_folder_is_an_error_with_a_next_step(void **state)
{
	struct history *h = NULL;
	struct err e = { 0 };

	assert_true(history_open(NULL, &h, &e) < 0);
	assert_non_null(strstr(e.hint, "prony check"));
	assert_null(h);
}

static void
noise_between_runs_is_known(void **state)
{
	struct run *r = NULL;
	struct err e = { 0 };

	make_runs(0, 12, 0.1);
	make_runs(12, 24, 0.2);
	struct asked q = ask("shop");
	assert_int_equal(run_load(".prony/runs/0000", &r, &e), 0);
	double sd = history_between(q.h, r, "latency_p99");
	assert_true(sd > 0.001 && sd < 0.03);   /* the change in the middle is no noise */
	assert_true(isnan(history_between(q.h, r, "rss_bytes")));
	run_free(r);
	asked_done(&q);
}

static void
the_answer_as_text_and_document(void **state)
{
	make_runs(0, 14, 0.1);
	make_runs(14, 28, 0.15);
	struct asked q = ask("shop");
	struct report_terminal plain = { .columns = 80 }, rich = { .columns = 80, .utf8 = true };
	struct buf out = { 0 };

	history_table(&out, &plain, &q.answer);
	const char *text = buf_text(&out);
	assert_non_null(strstr(text, "worse"));
	assert_non_null(strstr(text, "2026-01-15"));
	assert_non_null(strstr(text, "run-0014"));
	assert_non_null(strstr(text, "no change in 28 runs"));
	for (const char *c = text; *c; c++)
		assert_true((unsigned char)*c < 0x80);
	buf_clear(&out);
	history_table(&out, &rich, &q.answer);
	assert_non_null(strstr(buf_text(&out), "█"));
	buf_done(&out);
	json_t *j = history_json(&q.answer), *s = json_array_get(json_object_get(j, "series"), 0);
	assert_string_equal(json_string_value(json_object_get(j, "schema")), "prony.history/1");
	assert_int_equal(json_integer_value(json_object_get(j, "status")), 1);
	assert_int_equal(json_array_size(json_object_get(s, "points")), 28);
	json_decref(j);
	asked_done(&q);
}

static void
hostile_names_stay_harmless(void **state)
{
	struct history_point point = { "run\033[2J", "\033]0;x", 1 };
	struct history_series s = { .service = "a\033[31mb", .workload = "w\n", .host = "h\r",
	    .metric = "function", .what = "f\x01\xff", .points = &point, .n_points = 1, .sd = NAN };
	struct history_answer answer = { .series = &s, .n_series = 1, .runs = 1 };
	struct report_terminal t = { .columns = 80 };
	struct buf out = { 0 };

	history_table(&out, &t, &answer);
	assert_non_null(strstr(buf_text(&out), "a?[31mb"));
	for (const char *c = buf_text(&out); *c; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	buf_done(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
RUN_TESTS(
	TEST(a_slower_service_is_found),
	TEST(more_throughput_is_better),
	TEST(a_function_alone_is_no_reason_to_fail),
	TEST(few_runs_allow_no_claim),
	TEST(services_are_found_by_name_and_url),
	TEST(other_hosts_are_other_series),
	TEST(the_index_follows_the_folders),
	TEST(a_broken_run_is_named),
	TEST(a_damaged_index_is_made_anew),
	TEST(several_may_use_it_at_once),
	TEST(no_folder_is_an_error_with_a_next_step),
	TEST(noise_between_runs_is_known),
	TEST(the_answer_as_text_and_document),
	TEST(hostile_names_stay_harmless),
)
