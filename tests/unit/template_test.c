/* SPDX-License-Identifier: MIT */
#include "scenario/template.h"

#include "base/cleanup.h"
#include "scenario/feeder.h"
#include "with_arena.h"

static struct feeder *users;
static struct scope_feeder feeders[1];
static struct scope scope;
static struct view values[2];
static const uint64_t rows[] = { 1 };

static const char *
environment(const char *name)
{
	return strcmp(name, "TOKEN") == 0 ? "t k" : strcmp(name, "SPLIT") == 0 ? "a\r\nb" : NULL;
}

static int
set_up(void **state)
{
	static const struct scenario_feeder from = { .name = "users", .file = "-", .exponent = 1 };
	struct buf csv = { 0 };
	struct err e = { 0 };

	arena_begin(state);
	buf_puts(&csv, "id,full name\n7,Ann\n8,Bo & Co\n");
	assert_int_equal(feeder_parse(&from, &csv, "users.csv", arena, &users, &e), 0);
	feeders[0] = (struct scope_feeder){ "users", users };
	scope = (struct scope){ .feeders = feeders, .n_feeders = 1, .env = environment };
	scope_define(&scope, "id");
	scope_define(&scope, "next");
	values[0] = (struct view){ "a/b c", 5 };
	values[1] = (struct view){ "/items?page=2&x=%20#f", 21 };
	return 0;
}

static int
tear_down(void **state)
{
	feeder_free(users);
	scope_done(&scope);
	return arena_end(state);
}

static void
render(const char *text, enum template_use use, uint64_t seed, struct buf *out)
{
	struct template t;
	struct err e = { 0 };

	if (template_compile(text, use, &scope, arena, &t, &e) < 0)
		fail_msg("%s: %s", text, e.text);
	const struct template_values v = { values, rows, seed, 41, INT64_C(1700000000123456789) };
	template_render(&t, &v, out);
}

static void
texts_are_rendered(void **state)
{
	static const struct { const char *text, *body; } cases[] = {
		{ "", "" }, { "plain", "plain" }, { "$", "$" }, { "$5 $$", "$5 $$" }, { "{}", "{}" },
		{ "$${id}", "${id}" }, { "$$${id}", "$${id}" }, { "a$${b", "a${b" },
		{ "${id}", "a/b c" }, { "<${ id }>", "<a/b c>" }, { "${id}${id}", "a/b ca/b c" },
		{ "${users.id}", "8" }, { "${users.full name}!", "Bo & Co!" },
		{ "${random(5,5)}", "5" }, { "${random( -3 , -3 )}", "-3" },
		{ "${choice(a)}", "a" }, { "${choice('a, )}b')}", "a, )}b" }, { "${choice(\"\")}", "" },
		{ "${sequence()}", "41" }, { "${time()}", "1700000000" }, { "${time(ms)}", "1700000000123" },
		{ "${time(ns)}", "1700000000123456789" }, { "${env(TOKEN)}/", "t k/" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buf_done) struct buf out = { 0 };
		render(cases[i].text, TEMPLATE_BODY, 1, &out);
		assert_string_equal(buf_text(&out), cases[i].body);
	}
}

static void
static_texts_are_known(void **state)
{
	struct template t;
	struct err e = { 0 };

	assert_int_equal(template_compile("a$${b ${env(TOKEN)}", TEMPLATE_BODY, &scope, arena, &t, &e), 0);
	assert_true(template_is_static(&t));
	assert_string_equal(t.literal, "a${b t k");
	assert_int_equal(template_compile("${sequence()}", TEMPLATE_BODY, &scope, arena, &t, &e), 0);
	assert_false(template_is_static(&t));
}

/* Whatever a value holds, the request stays one request. */
static void
values_cannot_split_a_request(void **state)
{
	static const struct { const char *value, *header, *whole, *path, *query; } cases[] = {
		{ "plain-1.0_~", "plain-1.0_~", "plain-1.0_~", "plain-1.0_~", "plain-1.0_~" },
		{ "a\r\nX: y", "a  X: y", "a%0D%0AX:%20y", "a%0D%0AX%3A%20y", "a%0D%0AX%3A%20y" },
		{ "a b", "a b", "a%20b", "a%20b", "a%20b" },
		{ "a/b?c=d&e", "a/b?c=d&e", "a/b?c=d&e", "a/b%3Fc%3Dd%26e", "a%2Fb%3Fc%3Dd%26e" },
		{ "#%\"", "#%\"", "%23%%22", "%23%25%22", "%23%25%22" },
		{ "\t\x7f\x01", "\t  ", "%09%7F%01", "%09%7F%01", "%09%7F%01" },
		{ "\xc3\xa9", "\xc3\xa9", "%C3%A9", "%C3%A9", "%C3%A9" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buf_done) struct buf header = { 0 }, whole = { 0 }, path = { 0 }, query = { 0 };
		values[0] = (struct view){ cases[i].value, strlen(cases[i].value) };
		render("${id}", TEMPLATE_HEADER, 1, &header);
		render("${id}", TEMPLATE_URL, 1, &whole);
		render("/${id}", TEMPLATE_URL, 1, &path);
		render("/?q=${id}", TEMPLATE_URL, 1, &query);
		assert_string_equal(buf_text(&header), cases[i].header);
		assert_string_equal(buf_text(&whole), cases[i].whole);
		assert_string_equal(buf_text(&path) + 1, cases[i].path);
		assert_string_equal(buf_text(&query) + 4, cases[i].query);
	}
}

static void
zero_bytes_do_not_pass(void **state)
{
	CLEANUP(buf_done) struct buf header = { 0 }, url = { 0 };

	values[0] = (struct view){ "a\0b", 3 };
	render("${id}", TEMPLATE_HEADER, 1, &header);
	render("/${id}", TEMPLATE_URL, 1, &url);
	assert_string_equal(buf_text(&header), "a b");
	assert_string_equal(buf_text(&url), "/a%00b");
}

static void
urls_keep_what_they_are_made_of(void **state)
{
	static const struct { const char *text, *url; } cases[] = {
		{ "/a b?c=\xc3\xa9", "/a%20b?c=%C3%A9" }, { "/%20?a=[1]&b=c+d", "/%20?a=[1]&b=c+d" },
		{ "${next}", "/items?page=2&x=%20%23f" }, { "http://h${next}", "http://h/items%3Fpage%3D2%26x%3D%2520%23f" },
		{ "${env(SPLIT)}", "a%0D%0Ab" }, { "/${users.full name}", "/Bo%20%26%20Co" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP(buf_done) struct buf out = { 0 };
		render(cases[i].text, TEMPLATE_URL, 1, &out);
		assert_string_equal(buf_text(&out), cases[i].url);
	}
	CLEANUP(buf_done) struct buf header = { 0 };
	render("${env(SPLIT)}", TEMPLATE_HEADER, 1, &header);
	assert_string_equal(buf_text(&header), "a  b");
}

static void
randomness_is_a_function_of_the_seed(void **state)
{
	CLEANUP(buf_done) struct buf a = { 0 }, b = { 0 }, c = { 0 };
	struct template t;
	struct err e = { 0 };

	assert_int_equal(template_compile("${random(0,999999999)} ${random(0,999999999)} ${uuid()}",
	    TEMPLATE_BODY, &scope, arena, &t, &e), 0);
	struct template_values v = { values, rows, 7, 0, 0 };
	template_render(&t, &v, &a);
	v.sequence = 1;
	template_render(&t, &v, &b);
	v.seed = 8;
	template_render(&t, &v, &c);
	assert_string_equal(a.data, b.data);
	assert_string_not_equal(a.data, c.data);
	/* The two numbers come from streams of their own. */
	size_t first = strcspn(a.data, " "), second = strcspn(a.data + first + 1, " ");
	assert_true(first != second || memcmp(a.data, a.data + first + 1, first) != 0);
}

static void
random_numbers_reach_both_ends(void **state)
{
	int seen[4] = { 0 };

	for (uint64_t seed = 0; seed < 4000; seed++) {
		CLEANUP(buf_done) struct buf out = { 0 };
		struct scope fresh = { 0 };
		struct template t;
		struct err e = { 0 };
		assert_int_equal(template_compile("${random(-1,2)}", TEMPLATE_BODY, &fresh, arena, &t, &e), 0);
		const struct template_values v = { .seed = seed };
		template_render(&t, &v, &out);
		int number = atoi(out.data);
		assert_in_range(number + 1, 0, 3);
		seen[number + 1]++;
	}
	for (int i = 0; i < 4; i++)
		CHECK_NEAR(seen[i], 1000, 150);   /* five standard deviations */
}

static void
the_widest_range_is_a_range(void **state)
{
	CLEANUP(buf_done) struct buf out = { 0 };

	render("${random(-9223372036854775808,9223372036854775807)}", TEMPLATE_BODY, 3, &out);
	assert_true(out.size > 10);
	buf_clear(&out);
	values[0] = (struct view){ 0 };
	render("<${id}>${random(-9223372036854775808,-9223372036854775808)}", TEMPLATE_BODY, 3, &out);
	assert_string_equal(out.data, "<>-9223372036854775808");
}

static void
uuids_have_their_form(void **state)
{
	for (uint64_t seed = 0; seed < 100; seed++) {
		CLEANUP(buf_done) struct buf out = { 0 };
		render("${uuid()}", TEMPLATE_BODY, seed, &out);
		assert_int_equal(out.size, 36);
		for (size_t i = 0; i < 36; i++) {
			bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
			if (is_dash ? out.data[i] != '-' : !strchr("0123456789abcdef", out.data[i]))
				fail_msg("%s", out.data);
		}
		assert_int_equal(out.data[14], '4');
		assert_non_null(strchr("89ab", out.data[19]));
	}
}

static void
mistakes_are_explained(void **state)
{
	static const struct { const char *text, *error, *hint; } cases[] = {
		{ "${", "'}' is missing", "" }, { "${id", "'}' is missing in '${id'", "" },
		{ "${}", "without a name", "" }, { "${ }", "without a name", "" },
		{ "${idx}", "unknown variable 'idx'", "did you mean 'id'?" },
		{ "${users.idd}", "feeder 'users' has no column 'idd'", "did you mean 'id'?" },
		{ "${user.id}", "unknown feeder 'user'", "did you mean 'users'?" },
		{ "${random()}", "two whole numbers", "" }, { "${random(1)}", "two whole numbers", "" },
		{ "${random(1,2,3)}", "two whole numbers", "" }, { "${random(a,b)}", "two whole numbers", "" },
		{ "${random(1,99999999999999999999)}", "two whole numbers", "" },
		{ "${random(2,1)}", "below the lowest", "" }, { "${choice()}", "choose from", "" },
		{ "${choice(a", "does not end", "" }, { "${choice('a)}", "does not end", "" },
		{ "${choice('a' b)}", "does not end", "" }, { "${choice(a) b}", "'}' is missing", "" },
		{ "${uuid(4)}", "nothing between", "" }, { "${sequence(1)}", "nothing between", "" },
		{ "${time(h)}", "s, ms, us or ns", "" }, { "${env()}", "name of one variable", "" },
		{ "${env(NONE)}", "'NONE' is not in the environment", "export NONE" },
		{ "${uid()}", "unknown function 'uid'", "did you mean 'uuid'?" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct template t;
		struct err e = { 0 };
		if (template_compile(cases[i].text, TEMPLATE_BODY, &scope, arena, &t, &e) == 0)
			fail_msg("%s was taken", cases[i].text);
		if (!strstr(e.text, cases[i].error) || !strstr(e.hint, cases[i].hint))
			fail_msg("%s: %s (%s)", cases[i].text, e.text, e.hint);
	}
}

static void
extracted_variables_stay_in_their_flow(void **state)
{
	struct scope s = { 0 };
	struct err e = { 0 };
	uint32_t index;

	assert_int_equal(scope_define(&s, "everywhere"), 0);
	scope_next_flow(&s);
	assert_int_equal(scope_define(&s, "own"), 1);
	assert_int_equal(scope_define(&s, "everywhere"), 0);
	assert_int_equal(scope_find(&s, "own", &index, &e), 0);
	scope_next_flow(&s);
	assert_true(scope_find(&s, "own", &index, &e) < 0);
	assert_int_equal(scope_find(&s, "everywhere", &index, &e), 0);
	assert_int_equal(scope_define(&s, "own"), 1);
	assert_int_equal(scope_find(&s, "own", &index, &e), 0);
	assert_int_equal(s.n_variables, 2);
	scope_done(&s);
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

RUN_TESTS(ROW(texts_are_rendered), ROW(static_texts_are_known), ROW(values_cannot_split_a_request),
    ROW(zero_bytes_do_not_pass), ROW(urls_keep_what_they_are_made_of),
    ROW(randomness_is_a_function_of_the_seed), ROW(random_numbers_reach_both_ends),
    ROW(the_widest_range_is_a_range), ROW(uuids_have_their_form), ROW(mistakes_are_explained),
    ROW(extracted_variables_stay_in_their_flow))
