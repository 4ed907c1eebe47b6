/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/workload.h"
#include "scenario/scenario.h"
#include "spec/setting.h"
#include "check.h"

static char folder[] = "/tmp/prony-workload-XXXXXX";

static struct spec *
asked(const char *url, const char *header)
{
	struct spec *s = spec_new();
	struct err e = { 0 };

	assert_int_equal(spec_word(s, url, &e), 0);
	if (header)
		assert_int_equal(spec_flag(s, setting_find("header"), header, &e), 0);
	assert_int_equal(spec_check(s, &e), 0);
	return s;
}

/* The word of a spec with that setting; in a buffer that the caller holds. */
static void
word_of(const char *url, const char *header, const char *setting, const char *text, char ret[17])
{
	struct spec *s = asked(url, header);
	struct err e = { 0 };

	if (setting)
		assert_int_equal(spec_flag(s, setting_find(setting), text, &e), 0);
	snprintf(ret, 17, "%s", workload_hash(s, s->arena));
	spec_free(s);
}

static void
what_is_asked_makes_the_word(void **state)
{
	static const struct { const char *url, *header, *setting, *text; bool same; } rows[] = {
		{ "http://127.0.0.1:8080/a", "Accept: x", NULL, NULL, true },
		{ "http://127.0.0.1:9090/a", "Accept: x", NULL, NULL, true },
		{ "http://localhost:8080/a", "Accept: x", "rate", "500/s", true },
		{ "http://127.0.0.1:8080/a", "Accept: x", "seed", "9", true },
		{ "http://127.0.0.1:8080/a", "Accept: x", "for", "20s", true },
		{ "http://127.0.0.1:8080/b", "Accept: x", NULL, NULL, false },
		{ "http://127.0.0.1:8080/a?x=1", "Accept: x", NULL, NULL, false },
		{ "http://127.0.0.1:8080/a", "Accept: y", NULL, NULL, false },
		{ "http://127.0.0.1:8080/a", NULL, NULL, NULL, false },
		{ "http://127.0.0.1:8080/a", "Accept: x", "reuse", "0.5", false },
		{ "http://127.0.0.1:8080/a", "Accept: x", "stage", "1/s..9/s for 3s", false },
		{ "http://127.0.0.1:8080/a", "Accept: x", "http2", "true", false },
	};
	char first[17], word[17];

	word_of(rows[0].url, rows[0].header, NULL, NULL, first);
	assert_int_equal(strlen(first), 16);
	assert_int_equal(strspn(first, "0123456789abcdef"), 16);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		word_of(rows[i].url, rows[i].header, rows[i].setting, rows[i].text, word);
		if ((strcmp(first, word) == 0) != rows[i].same)
			fail_msg("row %zu: %s and %s", i, first, word);
	}
}

static void
a_new_token_is_the_same_workload(void **state)
{
	char old[17], new[17], other[17];

	word_of("http://127.0.0.1/", "Authorization: Bearer abc", NULL, NULL, old);
	word_of("http://127.0.0.1/", "Authorization: Bearer xyz", NULL, NULL, new);
	word_of("http://127.0.0.1/", "X-Api-Key: abc", NULL, NULL, other);
	assert_string_equal(old, new);
	assert_string_not_equal(old, other);
}

/* ---- scenarios ----------------------------------------------------------------------------- */

#define HEAD "name: shop\nbase: http://127.0.0.1:8080\nfeeders:\n  users: { file: users.csv }\n"
#define ELSEWHERE "name: other\nbase: http://127.0.0.1:9090\nseed: 12\nconnections: 5\nfeeders:\n" \
	"  users: { file: users.csv }\n"
#define FLOWS "flows:\n  - get: /orders?of=${users.id}\n"

static void
word_of_scenario(const char *text, const char *rows, char ret[17])
{
	struct spec *s = asked("http://127.0.0.1/", NULL);
	struct scenario *from;
	struct err e = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "%s/users.csv", folder);
	assert_int_equal(file_write(path, rows, strlen(rows), &e), 0);
	snprintf(path, sizeof(path), "%s/shop.yaml", folder);
	assert_int_equal(file_write(path, text, strlen(text), &e), 0);
	if (scenario_read(path, s->arena, &from, &e) < 0)
		fail_msg("%s", e.text);
	s->scenario = from;
	snprintf(ret, 17, "%s", workload_hash(s, s->arena));
	spec_free(s);
}

static void
a_scenario_counts_with_its_rows(void **state)
{
	static const struct { const char *text, *rows; bool same; } rows[] = {
		{ HEAD FLOWS, "id\n1\n2\n", true }, { ELSEWHERE FLOWS, "id\n1\n2\n", true },
		{ HEAD FLOWS, "id\n1\n3\n", false }, { HEAD FLOWS "    weight: 2\n", "id\n1\n2\n", false },
		{ HEAD FLOWS "  - get: /more\n", "id\n1\n2\n", false },
	};
	char first[17], word[17];

	word_of_scenario(rows[0].text, rows[0].rows, first);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		word_of_scenario(rows[i].text, rows[i].rows, word);
		if ((strcmp(first, word) == 0) != rows[i].same)
			fail_msg("row %zu: %s and %s", i, first, word);
	}
}

static int
make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int
drop_folder(void **state)
{
	static const char *const names[] = { "users.csv", "shop.yaml" };
	char path[64];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_makes_the_word), cmocka_unit_test(a_new_token_is_the_same_workload),
		cmocka_unit_test(a_scenario_counts_with_its_rows),
	};
	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
