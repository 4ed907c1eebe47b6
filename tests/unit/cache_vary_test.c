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
		struct by_hand h;
		char a[CACHE_VARY_VALUES_MAX], b[CACHE_VARY_VALUES_MAX];
		int n = cache_vary_values(text_of(rows[i].names), fields_of(&h, rows[i].a), a);
		int m = cache_vary_values(text_of(rows[i].names), fields_of(&h, rows[i].b), b);
		assert_true(n >= 0 && m >= 0);
		if ((n == m && memcmp(a, b, (size_t)n) == 0) != rows[i].same)
			fail_msg("%s | %s: %.*s %.*s", rows[i].a, rows[i].b, n, a, m, b);
	}
}

static void
values_are_bounded(void **state)
{
	struct by_hand h;
	static char line[CACHE_VARY_VALUES_MAX + 8] = "Foo: ";
	char out[CACHE_VARY_VALUES_MAX];

	memset(line + 5, 'x', CACHE_VARY_VALUES_MAX - 2);
	assert_int_equal(cache_vary_values(text_of("foo"), fields_of(&h, line), out), CACHE_VARY_VALUES_MAX);
	line[CACHE_VARY_VALUES_MAX + 3] = 'x';
	assert_int_equal(cache_vary_values(text_of("foo"), fields_of(&h, line), out), -E2BIG);
}

RUN_TESTS(
	cmocka_unit_test(names_are_sorted_and_each_there_once),
	cmocka_unit_test(requests_that_mean_the_same_are_the_same),
	cmocka_unit_test(values_are_bounded),
)
