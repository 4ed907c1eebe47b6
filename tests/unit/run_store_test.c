/* SPDX-License-Identifier: MIT */
#include "run/run_store.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "check.h"

/* Each test works in a folder of its own. */
static int
enter(void **state)
{
	char folder[] = "/tmp/prony-store-XXXXXX";
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

static void
a_run_is_found_again_as_latest(void **state)
{
	struct err e = { 0 };
	struct run *r = run_new(), *again;

	r->system.name = "127.0.0.1:8080";
	assert_int_equal(run_create(r, NULL, &e), 0);
	assert_non_null(strstr(r->folder, ".prony/runs/"));
	r->verdict = VERDICT_MET;
	assert_int_equal(run_seal(r, &e), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(run_load(i ? "latest" : NULL, &again, &e), 0);
		assert_string_equal(again->id, r->id);
		assert_true(again->sealed);
		assert_int_equal(again->verdict, VERDICT_MET);
		run_free(again);
	}
	run_free(r);
}

static void
an_unfinished_run_is_not_sealed(void **state)
{
	struct err e = { 0 };
	struct run *r = run_new(), *again;

	assert_int_equal(run_create(r, "out", &e), 0);
	assert_int_equal(run_load("out", &again, &e), 0);
	assert_false(again->sealed);
	run_free(again);
	run_free(r);
}

static void
a_huge_run_is_cut_to_size(void **state)
{
	struct err e = { 0 };
	struct run *r = run_new(), *again;
	struct stat st;
	char frames[1001];

	memset(frames, 'f', 1000);
	frames[1000] = '\0';
	for (int i = 0; i < 4000; i++) {
		struct run_stack *s = RUN_ADD(r, stack, r->evidence.trace.stacks, r->evidence.trace.n_stacks);
		s->kind = "cpu";
		s->frames = frames;
		s->seconds = 4000 - i;
	}
	assert_int_equal(run_create(r, "out", &e), 0);
	assert_int_equal(stat("out/run.json", &st), 0);
	assert_true((size_t)st.st_size <= RUN_JSON_MAX_BYTES);
	assert_int_equal(run_load("out/run.json", &again, &e), 0);
	assert_true(again->evidence.trace.n_stacks > 100);
	CHECK_NEAR(again->evidence.trace.stacks[0].seconds, 4000, 0);
	/* What is concluded afterwards costs no evidence. */
	size_t left = r->evidence.trace.n_stacks;
	for (int i = 0; i < 100; i++)
		RUN_ADD(r, finding, r->findings, r->n_findings)->summary = frames;
	assert_int_equal(run_seal(r, &e), 0);
	assert_int_equal(r->evidence.trace.n_stacks, left);
	run_free(again);
	run_free(r);
}

static void
what_is_no_run_is_refused(void **state)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "", "cannot read the run: out/run.json:1:0: not JSON" },
		{ "{\"schema\":\"prony.run/1\"", "cannot read the run: out/run.json:1:" },
		{ "[]", "not a prony run" },
	};
	struct err e = { 0 };
	struct run *r;

	assert_true(run_load("nowhere", &r, &e) < 0);
	assert_int_equal(e.status, STATUS_USAGE);
	assert_non_null(strstr(e.text, "No such file"));
	assert_int_equal(file_mkdirs("out", &e), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct err why = { 0 };
		assert_int_equal(file_write("out/run.json", rows[i].text, strlen(rows[i].text), &why), 0);
		assert_true(run_load("out", &r, &why) < 0);
		if (!strstr(why.text, rows[i].want))
			fail_msg("'%s' does not say '%s'", why.text, rows[i].want);
		assert_true(*why.hint);
	}
}

static void
a_folder_that_cannot_be_made_is_named(void **state)
{
	struct err e = { 0 };
	struct run *r = run_new();

	assert_int_equal(file_write("file", "x", 1, &e), 0);
	assert_true(run_create(r, "file/run", &e) < 0);
	assert_non_null(strstr(e.text, "'file/run'"));
	assert_non_null(strstr(e.hint, "--out"));
	run_free(r);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter, leave)
RUN_TESTS(IN_FOLDER(a_run_is_found_again_as_latest), IN_FOLDER(an_unfinished_run_is_not_sealed),
    IN_FOLDER(a_huge_run_is_cut_to_size), IN_FOLDER(what_is_no_run_is_refused),
    IN_FOLDER(a_folder_that_cannot_be_made_is_named))
