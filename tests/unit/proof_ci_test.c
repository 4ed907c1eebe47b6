/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/output.h"
#include "cli/proof_ci.h"
#include "check.h"
#include "sample_run.h"

static void
the_summary_is_appended(void **state)
{
	char path[] = "/tmp/prony-summary-XXXXXX";
	struct run *r = sample_proof();
	struct buf text = { 0 };
	struct err e = { 0 };

	assert_int_equal(close(mkstemp(path)), 0);
	setenv("GITHUB_STEP_SUMMARY", path, 1);
	assert_int_equal(proof_ci_summary(r, &e), 0);
	assert_int_equal(proof_ci_summary(r, &e), 0);
	assert_int_equal(file_read(path, 1 << 20, &text, &e), 0);
	const char *first = strstr(buf_text(&text), "### Is B Better?");
	assert_non_null(first);
	assert_non_null(strstr(first + 1, "### Is B Better?"));
	unlink(path);
	buf_done(&text);
	run_free(r);
}

static void
a_summary_goes_where_it_may(void **state)
{
	struct run *r = sample_proof();
	struct err e = { 0 };

	unsetenv("GITHUB_STEP_SUMMARY");
	assert_int_equal(proof_ci_summary(r, &e), 0);
	setenv("GITHUB_STEP_SUMMARY", "/nowhere/at/all", 1);
	assert_true(proof_ci_summary(r, &e) < 0);
	assert_non_null(strstr(e.text, "/nowhere/at/all"));
	run_free(r);
}

static void
forms_of_a_load_tell_no_comparison(void **state)
{
	static const struct { enum output_form format; const char *write; bool allowed; } rows[] = {
		{ OUTPUT_TEXT, "junit=a.xml", true }, { OUTPUT_GITHUB, "github=a.md", true },
		{ OUTPUT_JSON, "json=a.json", true }, { OUTPUT_CSV, "json=a.json", false },
		{ OUTPUT_TEXT, "ndjson=a", false }, { OUTPUT_JUNIT, "prometheus=a", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *writes[] = { rows[i].write };
		struct invocation in = { .format = (int)rows[i].format, .writes = writes, .n_writes = 1 };
		struct err e = { 0 };
		if ((output_allow_proof(&in, &e) == 0) != rows[i].allowed)
			fail_msg("row %zu: %s", i, e.text);
	}
}

/* The form of a file follows what the run is. */
static void
files_tell_of_the_comparison(void **state)
{
	char path[] = "/tmp/prony-junit-XXXXXX", write[64];
	const char *writes[] = { write };
	struct invocation in = { .writes = writes, .n_writes = 1 };
	struct run *runs[] = { sample_proof(), sample_met() };
	static const char *const wanted[] = { "prony prove", "prony load" };

	assert_int_equal(close(mkstemp(path)), 0);
	snprintf(write, sizeof(write), "junit=%s", path);
	for (size_t i = 0; i < 2; i++) {
		struct buf text = { 0 }, table = { 0 };
		struct err e = { 0 };
		assert_int_equal(output_files(&in, runs[i], &table, &e), 0);
		assert_int_equal(file_read(path, 1 << 20, &text, &e), 0);
		assert_non_null(strstr(buf_text(&text), wanted[i]));
		buf_done(&text);
		run_free(runs[i]);
	}
	unlink(path);
}

RUN_TESTS(cmocka_unit_test(the_summary_is_appended), cmocka_unit_test(a_summary_goes_where_it_may),
    cmocka_unit_test(forms_of_a_load_tell_no_comparison), cmocka_unit_test(files_tell_of_the_comparison))
