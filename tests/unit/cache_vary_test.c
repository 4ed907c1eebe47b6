/* SPDX-License-Identifier: MIT */
/* Which requests a varying answer serves (RFC 9111, section 4.1). */
#include <errno.h>

#include "cache/vary.h"
#include "cache_by_hand.h"
#include "check.h"

static void
names_are_sorted_and_each_there_once(void **state)
{
	static const struct { const char *answer, *names; } rows[] = {
		{ "", "" },
		{ "Vary:", "" },
		{ "Vary: Foo", "foo" },
		{ "Vary: foo , Bar,,baz", "bar,baz,foo" },
		{ "Vary: b\nVary: a, B", "a,b" },
		{ "Vary: *", NULL },
		{ "Vary: foo, *", NULL },
		{ "Vary: , *, ", NULL },
		{ "Vary: *, *", NULL },
		{ "Vary: foo\nVary: *", NULL },
		{ "Vary: foo bar", NULL },
		{ "Vary: \"foo\"", NULL },
		{ "Vary: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p" },
		{ "Vary: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct by_hand h;
		char names[CACHE_VARY_NAMES_MAX];
		int n = cache_vary_names(fields_of(&h, rows[i].answer), names);
		if (!rows[i].names)
			assert_int_equal(n, -EINVAL);
		else if (n != (int)strlen(rows[i].names) || memcmp(names, rows[i].names, (size_t)n) != 0)
			fail_msg("%s: %.*s", rows[i].answer, n, names);
	}
}

static void
requests_that_mean_the_same_are_the_same(void **state)
{
	static const struct { const char *names, *a, *b; bool same; } rows[] = {
		{ "foo", "Foo: 1", "foo: 1", true },
		{ "foo", "Foo: 1", "Foo: 2", false },
		{ "foo", "Foo: 1", "Foo: 1 ", true },
		{ "foo", "Foo: 1", "", false },
		{ "foo", "Foo:", "", false },
		{ "foo", "Bar: 1", "", true },
		{ "foo", "Foo: a", "Foo: A", false },
		{ "foo", "Foo: 1, 2", "Foo: 1\nFoo: 2", true },
		{ "foo", "Foo: 1,2", "Foo: 1 , 2", true },
		{ "foo", "Foo: 1, 2", "Foo: 2, 1", false },
		{ "foo", "Foo: \"1, 2\"", "Foo: \"1,2\"", false },
		{ "bar,foo", "Foo: 1\nBar: 2", "Bar: 2\nFoo: 1", true },
		{ "bar,foo", "Foo: 1\nBar: 2", "Foo: 2\nBar: 1", false },
		{ "bar,foo", "Foo: 1", "Bar: 1", false },
		{ "cookie", "Cookie: a=1,b=2", "Cookie: a=1, b=2", false },
		{ "cookie", "Cookie: a\nCookie: b", "Cookie: a, b", false },
		{ "authorization", "Authorization: Basic a,b", "Authorization: Basic a, b", false },
		{ "accept-encoding", "Accept-Encoding: gzip, br", "Accept-Encoding: BR,GZIP", true },
		{ "accept-encoding", "Accept-Encoding: gzip, br", "Accept-Encoding: br\nAccept-Encoding: x-gzip;q=1.000", true },
		{ "accept-encoding", "Accept-Encoding: gzip;q=0.8, br", "Accept-Encoding: br, gzip;Q=0.5", true },
		{ "accept-encoding", "Accept-Encoding: gzip;q=0.8, br", "Accept-Encoding: br;q=0.8, gzip", false },
		{ "accept-encoding", "Accept-Encoding: gzip;q=0, br", "Accept-Encoding: br", false },
		{ "accept-encoding", "Accept-Encoding: gzip;q=0, br", "Accept-Encoding: gzip;q=0.001, br", false },
		{ "accept-encoding", "Accept-Encoding: gzip;q=0.0, br", "Accept-Encoding: br, gzip ; q=0.000", true },
		{ "accept-encoding", "Accept-Encoding: gzip, br;q=2", "Accept-Encoding: br;q=2, gzip", false },
		{ "accept-encoding", "Accept-Encoding:", "", false },
		{ "accept-language", "Accept-Language: en, de", "Accept-Language: DE, En", true },
		{ "accept-language", "Accept-Language: en-GB, de;q=0.5", "Accept-Language: de;q=0.7,en-gb", true },
		{ "accept-language", "Accept-Language: en, de;q=0.5", "Accept-Language: de, en;q=0.5", false },
		{ "accept", "Accept: text/html, text/plain", "Accept: text/html,text/plain", true },
		{ "", "Foo: 1", "Foo: 2", true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct by_hand answer, a, b;
		char vary[128], stored[CACHE_VARY_MAX], expected[CACHE_VARY_MAX];
		/* several encodings at once: nothing follows from such an answer */
		snprintf(vary, sizeof(vary), "Content-Encoding: x, y\nVary: %s", rows[i].names);
		int n = cache_vary_write(fields_of(&answer, vary), fields_of(&a, rows[i].a), stored);
		assert_true(n >= 0);
		struct text text = { stored, (size_t)n };
		if (cache_vary_matches(text, fields_of(&b, rows[i].b)) != rows[i].same)
			fail_msg("%s | %s: %.*s", rows[i].a, rows[i].b, n, stored);
		assert_true(cache_vary_matches(text, &a.fields));
		int m = cache_vary_expected(text, &b.fields, expected);
		assert_int_equal(n == m && memcmp(stored, expected, (size_t)n) == 0, rows[i].same);
	}
}

static void
a_choice_serves_who_leaves_no_other(void **state)
{
	static const struct { const char *answer, *a, *b; bool same; } rows[] = {
		/* of fewer offers, the same choice */
		{ "Content-Encoding: gzip", "Accept-Encoding: gzip, deflate, br, zstd", "Accept-Encoding: gzip, deflate", true },
		{ "Content-Encoding: gzip", "Accept-Encoding: gzip, deflate, br", "Accept-Encoding: GZIP", true },
		{ "Content-Encoding: gzip", "Accept-Encoding: gzip", "Accept-Encoding: gzip, br", false },
		{ "Content-Encoding: gzip", "Accept-Encoding: gzip", "Accept-Encoding: gzip, br;q=0.5", false },
		{ "Content-Encoding: gzip", "Accept-Encoding: gzip, br", "Accept-Encoding: br", false },
		{ "Content-Encoding: gzip", "Accept-Encoding: gzip, br", "Accept-Encoding: gzip;q=0, br", false },
		{ "Content-Encoding: gzip", "Accept-Encoding: gzip, br", "Accept-Encoding: gzip;q=0.5, br", false },
		{ "Content-Encoding: gzip", "Accept-Encoding: br, gzip;q=0.5", "Accept-Encoding: br, gzip", true },
		{ "Content-Encoding: gzip", "Accept-Encoding: gzip, br;q=0.5", "Accept-Encoding: br, gzip", false },
		{ "Content-Encoding: gzip", "Accept-Encoding: gzip, *", "Accept-Encoding: gzip", false },
		{ "Content-Encoding: gzip", "Accept-Encoding: gzip, br", "Accept-Encoding: gzip, *", false },
		{ "Content-Encoding: gzip", "Accept-Encoding: gzip, br", "", false },
		{ "Content-Encoding: gzip, x", "Accept-Encoding: gzip, br", "Accept-Encoding: gzip", false },
		{ "", "Accept-Encoding: gzip, br", "Accept-Encoding: gzip", true },
		{ "", "Accept-Encoding: gzip, br", "Accept-Encoding: gzip, identity;q=0", false },
		{ "", "Accept-Encoding: gzip", "Accept-Encoding: br", false },
		/* languages: also what is liked most */
		{ "Content-Language: de", "Accept-Language: en, de", "Accept-Language: de", true },
		{ "Content-Language: de", "Accept-Language: en, de", "Accept-Language: fr, de", true },
		{ "Content-Language: de", "Accept-Language: en, de", "Accept-Language: fr, de;q=0.9", false },
		{ "Content-Language: de", "Accept-Language: en, de", "Accept-Language: de-AT, de;q=0.9", false },
		{ "Content-Language: de", "Accept-Language: de", "Accept-Language: de, en;q=0.5", true },
		{ "Content-Language: de, en", "Accept-Language: en, de", "Accept-Language: de", false },
		{ "", "Accept-Language: en, de", "Accept-Language: de", false },
		{ "Content-Language: de", "Accept-Language: en, de", "", false },
		/* and all else must be equal */
		{ "Content-Language: de", "Accept-Language: en, de\nCookie: a", "Accept-Language: de\nCookie: b", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct by_hand answer, a, b;
		char vary[128], stored[CACHE_VARY_MAX];
		snprintf(vary, sizeof(vary), "Vary: accept-language, cookie, accept-encoding\n%s", rows[i].answer);
		int n = cache_vary_write(fields_of(&answer, vary), fields_of(&a, rows[i].a), stored);
		if (cache_vary_matches((struct text){ stored, (size_t)n }, fields_of(&b, rows[i].b)) != rows[i].same)
			fail_msg("%s | %s | %s: %.*s", rows[i].answer, rows[i].a, rows[i].b, n, stored);
	}
}

static void
texts_are_bounded(void **state)
{
	static const char *const fields[] = { "Cookie: ", "Foo: ", "Accept-Encoding: " };
	struct by_hand answer, request;
	static char line[CACHE_VARY_MAX + 32];
	char out[CACHE_VARY_MAX];

	fields_of(&answer, "Vary: foo, cookie, accept-encoding");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		for (size_t n = CACHE_VARY_MAX - 64; n < CACHE_VARY_MAX; n++) {
			memset(line, 0, sizeof(line));
			memset(line, 'x', n);
			memcpy(line, fields[i], strlen(fields[i]));
			fields_of(&request, line);
			int size = cache_vary_write(&answer.fields, &request.fields, out);
			assert_true(size == -E2BIG || size <= CACHE_VARY_MAX);
			if (size > 0)
				assert_true(cache_vary_matches((struct text){ out, (size_t)size }, &request.fields));
		}
	assert_int_equal(cache_vary_write(&answer.fields, &request.fields, out), -E2BIG);
	assert_int_equal(cache_vary_write(fields_of(&answer, "Vary: *"), &request.fields, out), -EINVAL);
	assert_int_equal(cache_vary_write(fields_of(&answer, "X: y"), &request.fields, out), 0);
	assert_true(cache_vary_matches((struct text){ "", 0 }, &request.fields));
}

RUN_TESTS(
	cmocka_unit_test(names_are_sorted_and_each_there_once),
	cmocka_unit_test(requests_that_mean_the_same_are_the_same),
	cmocka_unit_test(a_choice_serves_who_leaves_no_other),
	cmocka_unit_test(texts_are_bounded),
)
