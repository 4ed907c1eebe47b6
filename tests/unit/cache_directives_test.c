/* SPDX-License-Identifier: MIT */
#include "cache/directives.h"
#include "cache/request.h"
#include "cache_by_hand.h"
#include "check.h"

#define NONE DIRECTIVE_NONE
#define MAX  INT32_MAX

static void
a_lifetime_is_a_number_or_nothing(void **state)
{
	static const struct { const char *line; int32_t s; } rows[] = {
		{ "Cache-Control: max-age=3600", 3600 },
		{ "cache-control: MAX-AGE=3600", 3600 },
		{ "Cache-Control: max-age=\"3600\"", 3600 },
		{ "Cache-Control: max-age=0003600", 3600 },
		{ "Cache-Control: max-age=0", 0 },
		{ "Cache-Control: max-age=2147483648", MAX },
		{ "Cache-Control: max-age=99999999999999999999999999", MAX },
		{ "Cache-Control: foo, max-age=3600 ,bar", 3600 },
		{ "Cache-Control:,,max-age=3600,", 3600 },
		{ "Cache-Control: foo\nCache-Control: max-age=3600", 3600 },
		/* wrong: stale at once */
		{ "Cache-Control: max-age", 0 },
		{ "Cache-Control: max-age=", 0 },
		{ "Cache-Control: max-age=-3600", 0 },
		{ "Cache-Control: max-age=3600.0", 0 },
		{ "Cache-Control: max-age=3600s", 0 },
		{ "Cache-Control: max-age='3600'", 0 },
		{ "Cache-Control: max-age = 3600", 0 },
		{ "Cache-Control: max-age= 3600", 0 },
		{ "Cache-Control: max-age=3600 foo", 0 },
		{ "Cache-Control: max-age=3600;foo", 0 },
		{ "Cache-Control: max-age=\"3600", 0 },
		{ "Cache-Control: max-age=\"36\\00\"", 0 },
		{ "Cache-Control: max-age=0x10", 0 },
		/* of several the first */
		{ "Cache-Control: max-age=1, max-age=3600", 1 },
		{ "Cache-Control: max-age=3600, max-age=1", 3600 },
		{ "Cache-Control: max-age=1\nCache-Control: max-age=3600", 1 },
		{ "Cache-Control: max-age=x, max-age=3600", 0 },
		/* something else */
		{ "Cache-Control: xmax-age=3600", NONE },
		{ "Cache-Control: max-agex=3600", NONE },
		{ "Cache-Control: foo=\"max-age=3600\"", NONE },
		{ "Cache-Control: foo=\"a, max-age=3600\"", NONE },
		{ "Cache-Control: foo=\"\\\", max-age=3600\"", NONE },
		{ "X-Cache-Control: max-age=3600", NONE },
		{ "Cache-Control:", NONE },
		{ "", NONE },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct by_hand h;
		struct cache_directives d;
		cache_directives_read(fields_of(&h, rows[i].line), &d);
		if (d.max_age_s != rows[i].s)
			fail_msg("%s: %d, wanted %d", rows[i].line, d.max_age_s, rows[i].s);
	}
}

static void
what_forbids_counts_however_it_is_written(void **state)
{
	static const struct { const char *line; uint32_t has; } rows[] = {
		{ "Cache-Control: no-store", DIRECTIVE_NO_STORE },
		{ "Cache-Control: No-StOrE", DIRECTIVE_NO_STORE },
		{ "Cache-Control: no-store=1", DIRECTIVE_NO_STORE },
		{ "Cache-Control: no-store foo", DIRECTIVE_NO_STORE },
		{ "Cache-Control: foo=\"bar, no-store", DIRECTIVE_NO_STORE },
		{ "Cache-Control: foo=\"bar, no-store\"", 0 },
		{ "Cache-Control: private,no-cache", DIRECTIVE_PRIVATE | DIRECTIVE_NO_CACHE },
		{ "Cache-Control: private=", DIRECTIVE_PRIVATE },
		{ "Cache-Control: private=\"\"", DIRECTIVE_PRIVATE },
		{ "Cache-Control: private=\"a\", private", DIRECTIVE_PRIVATE },
		{ "Cache-Control: private=\"a", DIRECTIVE_PRIVATE },
		{ "Cache-Control: private=\"a\", no-cache=b", 0 },
		{ "Cache-Control: public, must-revalidate, proxy-revalidate",
		  DIRECTIVE_PUBLIC | DIRECTIVE_MUST_REVALIDATE | DIRECTIVE_PROXY_REVALIDATE },
		{ "Cache-Control: must-understand\nCache-Control: no-transform",
		  DIRECTIVE_MUST_UNDERSTAND | DIRECTIVE_NO_TRANSFORM },
		{ "Cache-Control: no-cache=a, no-cache=b, no-cache=c, no-cache=d, no-cache=e", DIRECTIVE_NO_CACHE },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct by_hand h;
		struct cache_directives d;
		cache_directives_read(fields_of(&h, rows[i].line), &d);
		if (d.has != rows[i].has)
			fail_msg("%s: %x, wanted %x", rows[i].line, d.has, rows[i].has);
	}
}

static void
figures_of_grace_are_right_or_not_there(void **state)
{
	struct by_hand h;
	struct cache_directives d;

	cache_directives_read(fields_of(&h, "Cache-Control: stale-while-revalidate=5, stale-if-error=x, max-stale, min-fresh"), &d);
	assert_int_equal(d.stale_behind_s, 5);
	assert_int_equal(d.stale_error_s, NONE);
	assert_int_equal(d.max_stale_s, MAX);
	assert_int_equal(d.min_fresh_s, NONE);
	cache_directives_read(fields_of(&h, "Cache-Control: max-stale=x, stale-while-revalidate"), &d);
	assert_int_equal(d.max_stale_s, NONE);
	assert_int_equal(d.stale_behind_s, NONE);
	assert_int_equal(d.s_maxage_s, NONE);
	assert_true(d.any);
}

static void
targeted_fields_are_dictionaries_or_nothing(void **state)
{
	static const struct { const char *line; bool valid; int32_t max_age_s; uint32_t has; } rows[] = {
		{ "CDN-Cache-Control: max-age=3600", true, 3600, 0 },
		{ "cdn-cache-control: max-age=3600;a=b;c, no-store", true, 3600, DIRECTIVE_NO_STORE },
		{ "CDN-Cache-Control: none", true, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1, max-age=3600", true, 3600, 0 },
		{ "CDN-Cache-Control: max-age=1\nCDN-Cache-Control: max-age=7, private", true, 7, DIRECTIVE_PRIVATE },
		{ "CDN-Cache-Control: max-age=3600, foo=(a \"b\" 1.5;q ?1 :YWI=:), *x=:YWI=:", true, 3600, 0 },
		{ "CDN-Cache-Control: max-age=999999999999999", true, MAX, 0 },
		{ "CDN-Cache-Control: private=\"a, b\"", true, NONE, 0 },
		{ "CDN-Cache-Control: no-store=?1", true, NONE, DIRECTIVE_NO_STORE },
		{ "CDN-Cache-Control: no-store=?0", true, NONE, 0 },
		/* of the wrong type: no lifetime */
		{ "CDN-Cache-Control: max-age=\"3600\"", true, 0, 0 },
		{ "CDN-Cache-Control: max-age=3600.0", true, 0, 0 },
		{ "CDN-Cache-Control: max-age=-1", true, 0, 0 },
		{ "CDN-Cache-Control: max-age", true, 0, 0 },
		{ "CDN-Cache-Control: max-age=a", true, 0, 0 },
		/* no dictionary */
		{ "CDN-Cache-Control: max-age=3600, &&&&&", false, NONE, 0 },
		{ "CDN-Cache-Control: Max-Age=3600", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=3600,", false, NONE, 0 },
		{ "CDN-Cache-Control: ,max-age=3600", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=3600 no-store", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age= 3600", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age =3600", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=9999999999999999", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1, a=\"b", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1, a=\"\\b\"", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1, a=1.", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1, a=1.2345", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1, a=1234567890123.1", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1, a=?2", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1, a=:YW=I", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1, a=(b", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1, a=(b\"c\")", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1, a;B", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1, a=@1659578233", false, NONE, 0 },
		{ "CDN-Cache-Control: max-age=1\nCDN-Cache-Control: &", false, NONE, 0 },
		{ "CDN-Cache-Control:", false, NONE, 0 },
		{ "Cache-Control: max-age=1", false, NONE, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct by_hand h;
		struct cache_directives d = { .max_age_s = NONE };
		bool valid = cache_directives_targeted(fields_of(&h, rows[i].line), "cdn-cache-control", &d);
		if (valid != rows[i].valid || d.max_age_s != rows[i].max_age_s || d.has != rows[i].has)
			fail_msg("%s: %d %d %x", rows[i].line, valid, d.max_age_s, d.has);
	}
}

static void
requests_are_read_in_one_pass(void **state)
{
	static const struct { const char *method, *lines; enum cache_method kind; uint32_t has; } rows[] = {
		{ "GET", "Host: a", CACHE_GET, 0 },
		{ "get", "Host: a", CACHE_UNSAFE, 0 },
		{ "HEAD", "", CACHE_HEAD, 0 },
		{ "POST", "Content-Length: 0", CACHE_POST, 0 },
		{ "OPTIONS", "", CACHE_SAFE, 0 },
		{ "M-SEARCH", "", CACHE_UNSAFE, 0 },
		{ "GET", "Content-Length: 1", CACHE_GET, REQUEST_BODY },
		{ "GET", "transfer-encoding: chunked", CACHE_GET, REQUEST_BODY },
		{ "GET", "Range: bytes=0-1\nIf-Range: \"a\"", CACHE_GET, REQUEST_RANGE | REQUEST_IF_RANGE },
		{ "GET", "If-None-Match: *\nIf-Modified-Since: x", CACHE_GET,
		  REQUEST_IF_NONE_MATCH | REQUEST_IF_MODIFIED_SINCE },
		{ "GET", "If-Match: *", CACHE_GET, REQUEST_IF_ORIGIN },
		{ "GET", "If-Unmodified-Since: x", CACHE_GET, REQUEST_IF_ORIGIN },
		{ "GET", "Authorization: x\nCookie: a=b", CACHE_GET, REQUEST_AUTHORIZATION | REQUEST_COOKIE },
		{ "GET", "Cache-Control: no-cache, no-store, only-if-cached", CACHE_GET,
		  REQUEST_NO_CACHE | REQUEST_NO_STORE | REQUEST_ONLY_IF_CACHED },
		{ "GET", "Pragma: foo, no-cache", CACHE_GET, REQUEST_NO_CACHE },
		{ "GET", "Pragma: no-cache\nCache-Control: max-age=1", CACHE_GET, 0 },
	};
	struct cache_policy deaf = { .ignore_requests = true };
	struct judged j;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(&j, rows[i].method, "/", rows[i].lines, &preset);
		if (j.request.method != rows[i].kind || j.request.has != rows[i].has)
			fail_msg("%s %s: %d %x", rows[i].method, rows[i].lines, j.request.method, j.request.has);
	}
	ask(&j, "GET", "/", "Cache-Control: no-cache, max-age=0\nRange: bytes=0-", &deaf);
	assert_int_equal(j.request.has, REQUEST_RANGE);
	assert_int_equal(j.request.max_age_s, NONE);
	ask(&j, "GET", "/a%5Cb", "", &preset);
	assert_int_equal(j.request.has, REQUEST_AMBIGUOUS);
}

RUN_TESTS(
	cmocka_unit_test(a_lifetime_is_a_number_or_nothing),
	cmocka_unit_test(what_forbids_counts_however_it_is_written),
	cmocka_unit_test(figures_of_grace_are_right_or_not_there),
	cmocka_unit_test(targeted_fields_are_dictionaries_or_nothing),
	cmocka_unit_test(requests_are_read_in_one_pass),
)
