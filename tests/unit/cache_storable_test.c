/* SPDX-License-Identifier: MIT */
/* What may be stored and how long it is fresh. Each row is one clause; sections of RFC 9111 unless said. */
#include "cache/reuse.h"
#include "cache_by_hand.h"
#include "check.h"

#define LM_10_DAYS "Last-Modified: Sun, 08 Nov 2026 11:06:40 GMT\n"

struct row {
	const char *request;
	int status;
	const char *answer;
	enum cache_refusal refusal;
	int32_t lifetime_s, age_s;
};

static void
check_rows(const char *method, const struct cache_policy *policy, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct judged j;
		judge(&j, method, rows[i].request, rows[i].status, rows[i].answer, policy);
		bool stored = j.refusal == CACHE_STORE;
		if (j.refusal != rows[i].refusal || (stored && (j.terms.lifetime_s != rows[i].lifetime_s ||
		    j.terms.initial_age_s != rows[i].age_s)))
			fail_msg("row %zu, %s | %d %s: %s, %d s, age %d", i, rows[i].request, rows[i].status, rows[i].answer,
			    cache_refusal_name(j.refusal), j.terms.lifetime_s, j.terms.initial_age_s);
	}
}
#define CHECK_ROWS(method, policy, rows) check_rows(method, policy, rows, sizeof(rows) / sizeof(rows[0]))

static void
lifetimes_come_from_the_first_that_says_one(void **state)
{
	static const struct row rows[] = {   /* 4.2.1 */
		{ "", 200, "Cache-Control: max-age=60", CACHE_STORE, 60, 0 },
		{ "", 200, "Cache-Control: s-maxage=30, max-age=60", CACHE_STORE, 30, 0 },
		{ "", 200, "Cache-Control: max-age=60, s-maxage=30", CACHE_STORE, 30, 0 },
		{ "", 200, "ETag: \"a\"\nCache-Control: s-maxage=0, max-age=60", CACHE_STORE, 0, 0 },
		{ "", 200, "ETag: \"a\"\nCache-Control: s-maxage=x, max-age=60", CACHE_STORE, 0, 0 },
		{ "", 200, "Expires: Wed, 18 Nov 2026 11:07:40 GMT", CACHE_STORE, 60, 0 },
		{ "", 200, "Expires: Wed, 18 Nov 2026 11:07:40 GMT\nDate: Wed, 18 Nov 2026 11:07:10 GMT", CACHE_STORE, 30, 0 },
		{ "", 200, "Expires: Wed, 18 Nov 2026 11:07:40 GMT\nDate: Wed, 18 Nov 2026 11:06:10 GMT", CACHE_STORE, 90, 30 },
		{ "", 200, "Expires: Wed, 18 Nov 2026 11:07:40 GMT\nDate: nonsense", CACHE_STORE, 60, 0 },
		{ "", 200, "Expires: Wednesday, 18-Nov-26 11:07:40 GMT", CACHE_STORE, 60, 0 },
		{ "", 200, "Expires: Wed Nov 18 11:07:40 2026", CACHE_STORE, 60, 0 },
		{ "", 200, "ETag: \"a\"\nExpires: 0", CACHE_STORE, 0, 0 },
		{ "", 200, "ETag: \"a\"\nExpires: Wed, 18 Nov 2026 12:06:40 AEST", CACHE_STORE, 0, 0 },
		{ "", 200, "ETag: \"a\"\nExpires: Wed, 18 Nov 2020 11:07:40 GMT", CACHE_STORE, 0, 0 },
		{ "", 200, "ETag: \"a\"\n" LM_10_DAYS "Expires: 0", CACHE_STORE, 0, 0 },
		{ "", 200, "Expires: 0\nCache-Control: max-age=60", CACHE_STORE, 60, 0 },
		{ "", 200, "Expires: Wed, 18 Nov 2026 12:06:40 GMT\nCache-Control: max-age=60", CACHE_STORE, 60, 0 },
		{ "", 200, "ETag: \"a\"\nExpires: Wed, 18 Nov 2026 12:06:40 GMT\nCache-Control: max-age=x", CACHE_STORE, 0, 0 },
		{ "", 200, "Cache-Control: max-age=99999999999", CACHE_STORE, INT32_MAX, 0 },
		{ "", 200, "Cache-Control: max-age=60\nPragma: no-cache", CACHE_STORE, 60, 0 },   /* 5.4 */
		{ "", 200, "Expires: Fri, 31 Dec 9999 23:59:59 GMT", CACHE_STORE, INT32_MAX, 0 },
		{ "", 200, "", CACHE_NOT_FRESH, 0, 0 },
		{ "", 200, "Cache-Control: max-age=0", CACHE_NOT_FRESH, 0, 0 },
		{ "", 200, "Cache-Control: public", CACHE_NOT_FRESH, 0, 0 },
		{ "", 200, "ETag: \"a\"", CACHE_STORE, 0, 0 },
	};
	CHECK_ROWS("GET", &preset, rows);
}

static void
ages_are_the_larger_of_two_ways_to_know(void **state)
{
	static const struct row rows[] = {   /* 4.2.3, 5.1 */
		{ "", 200, "Cache-Control: max-age=60\nAge: 10", CACHE_STORE, 60, 10 },
		{ "", 200, "Cache-Control: max-age=60\nAge: 10\nDate: Wed, 18 Nov 2026 11:06:20 GMT", CACHE_STORE, 60, 20 },
		{ "", 200, "Cache-Control: max-age=60\nAge: 30\nDate: Wed, 18 Nov 2026 11:06:20 GMT", CACHE_STORE, 60, 30 },
		{ "", 200, "Cache-Control: max-age=60\nDate: Wed, 18 Nov 2026 11:16:20 GMT", CACHE_STORE, 60, 0 },
		{ "", 200, "Cache-Control: max-age=60\nAge: 10, 20", CACHE_STORE, 60, 10 },
		{ "", 200, "Cache-Control: max-age=60\nAge: 10\nAge: 20", CACHE_STORE, 60, 10 },
		{ "", 200, "Cache-Control: max-age=60\nAge: -10", CACHE_STORE, 60, 0 },
		{ "", 200, "Cache-Control: max-age=60\nAge: 10.5", CACHE_STORE, 60, 0 },
		{ "", 200, "Cache-Control: max-age=60\nAge: 10;a=b", CACHE_STORE, 60, 0 },
		{ "", 200, "Cache-Control: max-age=60\nAge: \"10\"", CACHE_STORE, 60, 0 },
		{ "", 200, "Cache-Control: max-age=60\nAge: x, 10", CACHE_STORE, 60, 0 },
		{ "", 200, "ETag: \"a\"\nCache-Control: max-age=60\nAge: 99999999999", CACHE_STORE, 60, INT32_MAX },
		{ "", 200, "ETag: \"a\"\nCache-Control: max-age=60\nAge: 7200", CACHE_STORE, 60, 7200 },
		{ "", 200, "Cache-Control: max-age=60\nAge: 0060", CACHE_NOT_FRESH, 0, 0 },
	};
	CHECK_ROWS("GET", &preset, rows);
}

static void
the_time_an_answer_took_is_part_of_its_age(void **state)
{
	struct judged j;

	judge(&j, "GET", "", 200, "Cache-Control: max-age=60\nAge: 5", &preset);
	j.answer.received_ns = AT(3) - 1;
	assert_int_equal(cache_storable(&j.request, &j.key, &j.answer, &preset, &j.terms), CACHE_STORE);
	assert_int_equal(j.terms.initial_age_s, 5 + 2);
	assert_int_equal(cache_age_s(&j.terms, j.answer.received_ns + 10 * NS_PER_S), 17);
	assert_int_equal(cache_age_s(&j.terms, 0), 7);   /* the clock went back */
	assert_int_equal(cache_ttl_s(&j.terms, j.answer.received_ns + 53 * NS_PER_S - 1), 1);
	assert_int_equal(cache_ttl_s(&j.terms, j.answer.received_ns + 53 * NS_PER_S), 0);
	assert_true(cache_fresh_until_ns(&j.terms) == j.answer.received_ns + 53 * NS_PER_S);
}

static void
what_may_be_guessed_by_status(void **state)
{
	static const int16_t by_default[] = { 200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501 };
	static const int16_t not[] = { 201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599 };
	struct judged j;

	for (size_t i = 0; i < sizeof(by_default) / sizeof(by_default[0]); i++) {
		assert_int_equal(judge(&j, "GET", "", by_default[i], LM_10_DAYS, &preset), CACHE_STORE);
		assert_int_equal(j.terms.lifetime_s, 86400);
		assert_true(j.terms.flags & TERMS_HEURISTIC);
	}
	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++) {
		assert_int_equal(judge(&j, "GET", "", not[i], LM_10_DAYS, &preset), CACHE_NOT_FRESH);
		assert_int_equal(judge(&j, "GET", "", not[i], LM_10_DAYS "Cache-Control: public", &preset), CACHE_STORE);
		assert_int_equal(j.terms.lifetime_s, 86400);
	}
}

static void
any_final_status_may_be_stored_when_it_is_said(void **state)
{
	static const int16_t yes[] = { 200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 403, 404, 410, 499, 500, 502,
		503, 504, 599 };
	static const int16_t no[] = { 100, 103, 199, 304, 401, 407, 412, 416, 417, 600, 999 };
	static const int16_t unknown[] = { 299, 499, 599 };
	struct judged j;

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_int_equal(judge(&j, "GET", "", yes[i], "Cache-Control: max-age=60", &preset), CACHE_STORE);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_int_equal(judge(&j, "GET", "", no[i], "Cache-Control: max-age=60", &preset), CACHE_NOT_STATUS);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(judge(&j, "GET", "", unknown[i], "Cache-Control: max-age=60, must-understand", &preset),
		    CACHE_NOT_STATUS);
	/* 5.2.2.3: who understands the status need not mind the no-store beside it */
	assert_int_equal(judge(&j, "GET", "", 200, "Cache-Control: max-age=60, must-understand, no-store", &preset),
	    CACHE_STORE);
	assert_int_equal(judge(&j, "GET", "", 299, "Cache-Control: max-age=60, must-understand, no-store", &preset),
	    CACHE_NOT_STATUS);
}

static void
what_is_for_one_is_not_stored_for_others(void **state)
{
	static const struct row rows[] = {
		{ "", 200, "Cache-Control: max-age=60, no-store", CACHE_NOT_NO_STORE, 0, 0 },
		{ "", 200, "Cache-Control: max-age=60, private", CACHE_NOT_PRIVATE, 0, 0 },
		{ "", 200, "Cache-Control: s-maxage=60, public, private", CACHE_NOT_PRIVATE, 0, 0 },
		{ "", 200, "Cache-Control: max-age=60, private=\"x-user\"", CACHE_STORE, 60, 0 },
		{ "Cache-Control: no-store", 200, "Cache-Control: max-age=60", CACHE_NOT_REQUEST, 0, 0 },
		{ "Content-Length: 5", 200, "Cache-Control: max-age=60", CACHE_NOT_REQUEST, 0, 0 },
		/* 3.5 */
		{ "Authorization: x", 200, "Cache-Control: max-age=60", CACHE_NOT_AUTHORIZED, 0, 0 },
		{ "Authorization: x", 200, "Expires: Wed, 18 Nov 2026 11:07:40 GMT", CACHE_NOT_AUTHORIZED, 0, 0 },
		{ "Authorization: x", 200, LM_10_DAYS, CACHE_NOT_AUTHORIZED, 0, 0 },
		{ "Authorization: x", 200, "Cache-Control: max-age=60, proxy-revalidate", CACHE_NOT_AUTHORIZED, 0, 0 },
		{ "Authorization: x", 200, "Cache-Control: max-age=60, public", CACHE_STORE, 60, 0 },
		{ "Authorization: x", 200, "Cache-Control: max-age=60, must-revalidate", CACHE_STORE, 60, 0 },
		{ "Authorization: x", 200, "Cache-Control: s-maxage=60", CACHE_STORE, 60, 0 },
		{ "Authorization: x", 200, "Cache-Control: s-maxage=60, private", CACHE_NOT_PRIVATE, 0, 0 },
		{ "Authorization: x", 200, "Cache-Control: max-age=60, public, no-store", CACHE_NOT_NO_STORE, 0, 0 },
		/* cookies */
		{ "", 200, "Cache-Control: max-age=60\nSet-Cookie: a=b", CACHE_NOT_COOKIE, 0, 0 },
		{ "", 200, "Cache-Control: max-age=60, public\nSet-Cookie: a=b", CACHE_NOT_COOKIE, 0, 0 },
		{ "", 200, "Cache-Control: max-age=60, private=\"set-cookie\"\nSet-Cookie: a=b", CACHE_STORE, 60, 0 },
		{ "", 200, "Cache-Control: max-age=60, no-cache=\"x, Set-Cookie\"\nSet-Cookie: a=b", CACHE_STORE, 60, 0 },
		{ "Cookie: a=b", 200, "Cache-Control: max-age=60", CACHE_STORE, 60, 0 },
		{ "Cookie: a=b", 200, LM_10_DAYS, CACHE_NOT_FRESH, 0, 0 },
		{ "Cookie: a=b", 200, "ETag: \"a\"", CACHE_NOT_FRESH, 0, 0 },
		/* 4.1 */
		{ "", 200, "Cache-Control: max-age=60\nVary: *", CACHE_NOT_VARY, 0, 0 },
		{ "", 200, "Cache-Control: max-age=60\nVary: accept, *", CACHE_NOT_VARY, 0, 0 },
		{ "", 200, "Cache-Control: max-age=60\nVary: a\nVary: *", CACHE_NOT_VARY, 0, 0 },
		{ "", 200, "Cache-Control: max-age=60\nVary: accept", CACHE_STORE, 60, 0 },
		/* no-cache: only for who can validate it */
		{ "", 200, "Cache-Control: max-age=60, no-cache", CACHE_NOT_FRESH, 0, 0 },
		{ "", 200, "ETag: \"a\"\nCache-Control: max-age=60, no-cache", CACHE_STORE, 60, 0 },
	};
	CHECK_ROWS("GET", &preset, rows);
}

static void
owners_may_tell_what_cookies_mean(void **state)
{
	struct cache_policy strip = CACHE_POLICY_PRESET, rule = CACHE_POLICY_PRESET;
	struct judged j;

	strip.cookies = CACHE_COOKIES_STRIP;
	strip.ignore_cookies = true;
	assert_int_equal(judge(&j, "GET", "", 200, "Cache-Control: max-age=60\nSet-Cookie: a=b", &strip), CACHE_STORE);
	assert_int_equal(judge(&j, "GET", "Cookie: a=b", 200, LM_10_DAYS, &strip), CACHE_STORE);
	rule.default_s = 5;
	assert_int_equal(judge(&j, "GET", "", 200, "", &rule), CACHE_STORE);
	assert_int_equal(j.terms.lifetime_s, 5);
	assert_int_equal(judge(&j, "GET", "", 500, "", &rule), CACHE_NOT_FRESH);
	assert_int_equal(judge(&j, "GET", "Cookie: a=b", 200, "", &rule), CACHE_NOT_FRESH);
	assert_int_equal(judge(&j, "GET", "", 200, "Cache-Control: max-age=0\nETag: \"a\"", &rule), CACHE_STORE);
	assert_int_equal(j.terms.lifetime_s, 0);
	rule.heuristic_pct = 0;
	assert_int_equal(judge(&j, "GET", "", 200, LM_10_DAYS, &rule), CACHE_STORE);
	assert_int_equal(j.terms.lifetime_s, 5);
}

static void
targeted_fields_replace_all_others(void **state)
{
	static const struct row rows[] = {   /* RFC 9213, section 2.2 */
		{ "", 200, "CDN-Cache-Control: max-age=60\nCache-Control: no-store", CACHE_STORE, 60, 0 },
		{ "", 200, "CDN-Cache-Control: max-age=60\nCache-Control: private, max-age=1", CACHE_STORE, 60, 0 },
		{ "", 200, "CDN-Cache-Control: max-age=60\nExpires: 0", CACHE_STORE, 60, 0 },
		{ "", 200, "CDN-Cache-Control: max-age=60, s-maxage=30", CACHE_STORE, 30, 0 },
		{ "", 200, "CDN-Cache-Control: max-age=60\nAge: 20", CACHE_STORE, 60, 20 },
		{ "", 200, "CDN-Cache-Control: max-age=60\nAge: 7200", CACHE_NOT_FRESH, 0, 0 },
		{ "", 200, "CDN-Cache-Control: no-store\nCache-Control: max-age=60", CACHE_NOT_NO_STORE, 0, 0 },
		{ "", 200, "CDN-Cache-Control: private\nCache-Control: max-age=60", CACHE_NOT_PRIVATE, 0, 0 },
		{ "", 200, "CDN-Cache-Control: no-cache\nCache-Control: max-age=60", CACHE_NOT_FRESH, 0, 0 },
		{ "", 200, "CDN-Cache-Control: none\nCache-Control: max-age=60", CACHE_NOT_FRESH, 0, 0 },
		{ "", 200, "CDN-Cache-Control: none\nExpires: Wed, 18 Nov 2026 11:07:40 GMT", CACHE_NOT_FRESH, 0, 0 },
		{ "", 200, "CDN-Cache-Control: max-age=0\nCache-Control: max-age=60", CACHE_NOT_FRESH, 0, 0 },
		{ "", 200, "CDN-Cache-Control: max-age=\"60\"\nCache-Control: max-age=60", CACHE_NOT_FRESH, 0, 0 },
		{ "", 200, "CDN-Cache-Control:\nCache-Control: max-age=60", CACHE_STORE, 60, 0 },
		{ "", 200, "CDN-Cache-Control: max-age=60, &&\nCache-Control: no-store", CACHE_NOT_NO_STORE, 0, 0 },
		{ "", 200, "CDN-Cache-Control: MAX-AGE=60\nCache-Control: max-age=30", CACHE_STORE, 30, 0 },
		{ "", 200, "Other-Cache-Control: max-age=60\nCache-Control: no-store", CACHE_NOT_NO_STORE, 0, 0 },
	};
	struct cache_policy two = { .targets = { "mine-cache-control", "cdn-cache-control" } };
	struct judged j;

	CHECK_ROWS("GET", &preset, rows);
	judge(&j, "GET", "", 200, "CDN-Cache-Control: max-age=60\nMine-Cache-Control: max-age=5", &two);
	assert_int_equal(j.terms.lifetime_s, 5);
	judge(&j, "GET", "", 200, "CDN-Cache-Control: max-age=60\nMine-Cache-Control: max-age=5,", &two);
	assert_int_equal(j.terms.lifetime_s, 60);
}

static void
a_posts_answer_serves_gets_when_it_says_so(void **state)
{
	static const struct row rows[] = {   /* RFC 9110, section 9.3.3 */
		{ "Content-Length: 3", 200, "Cache-Control: max-age=60\nContent-Location: /a?b", CACHE_STORE, 60, 0 },
		{ "", 200, "Expires: Wed, 18 Nov 2026 11:07:40 GMT\nContent-Location: http://shop.example:80/a?b",
		  CACHE_STORE, 60, 0 },
		{ "", 200, "Cache-Control: max-age=60\nContent-Location: a?b", CACHE_STORE, 60, 0 },
		{ "", 200, "Cache-Control: max-age=60\nContent-Location: /a", CACHE_NOT_METHOD, 0, 0 },
		{ "", 200, "Cache-Control: max-age=60\nContent-Location: http://other.example/a?b", CACHE_NOT_METHOD, 0, 0 },
		{ "", 200, "Cache-Control: max-age=60", CACHE_NOT_METHOD, 0, 0 },
		{ "", 200, LM_10_DAYS "Content-Location: /a?b", CACHE_NOT_METHOD, 0, 0 },
		{ "", 201, "Cache-Control: max-age=60\nContent-Location: /a?b", CACHE_NOT_METHOD, 0, 0 },
		{ "", 200, "Cache-Control: max-age=60, private\nContent-Location: /a?b", CACHE_NOT_PRIVATE, 0, 0 },
	};
	struct judged j;

	CHECK_ROWS("POST", &preset, rows);
	assert_int_equal(judge(&j, "HEAD", "", 200, "Cache-Control: max-age=60", &preset), CACHE_NOT_METHOD);
	assert_int_equal(judge(&j, "PUT", "", 200, "Cache-Control: max-age=60\nContent-Location: /a?b", &preset),
	    CACHE_NOT_METHOD);
	assert_int_equal(judge(&j, "OPTIONS", "", 200, "Cache-Control: max-age=60", &preset), CACHE_NOT_METHOD);
}

static void
parts_are_stored_when_they_say_which(void **state)
{
	static const struct { const char *range; bool stored; int64_t first, held, full; } rows[] = {
		{ "bytes 0-4/10", true, 0, 5, 10 },
		{ "bytes 5-9/10", true, 5, 5, 10 },
		{ "bytes 5-9/*", true, 5, 5, CACHE_NO_SIZE },
		{ "Bytes 0-0/1", true, 0, 1, 1 },
		{ "bytes 0-10/10", false, 0, 0, 0 },
		{ "bytes 5-4/10", false, 0, 0, 0 },
		{ "bytes */10", false, 0, 0, 0 },
		{ "bytes 0-4", false, 0, 0, 0 },
		{ "bytes=0-4/10", false, 0, 0, 0 },
		{ "lines 0-4/10", false, 0, 0, 0 },
		{ "bytes 0-4/10, 5-9/10", false, 0, 0, 0 },
		{ "bytes 0-4/10\nContent-Range: bytes 5-9/10", false, 0, 0, 0 },
		{ "", false, 0, 0, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct judged j;
		char answer[128];
		snprintf(answer, sizeof(answer), "Cache-Control: max-age=60\nContent-Range: %s", rows[i].range);
		judge(&j, "GET", "Range: bytes=0-4", 206, answer, &preset);
		assert_int_equal(j.refusal, rows[i].stored ? CACHE_STORE : CACHE_NOT_RANGE);
		if (!rows[i].stored)
			continue;
		assert_true(j.terms.first == rows[i].first && j.terms.held == rows[i].held && j.terms.full_bytes == rows[i].full);
		assert_true(j.terms.flags & TERMS_PARTIAL);
	}
}

static void
grace_is_what_the_origin_gives_and_else_the_owner(void **state)
{
	static const struct { const char *control; int32_t behind_s, error_s; } rows[] = {
		{ "max-age=60", 7, 9 },
		{ "max-age=60, stale-while-revalidate=1, stale-if-error=2", 1, 2 },
		{ "max-age=60, stale-while-revalidate=0, stale-if-error=0", 0, 0 },
		{ "max-age=60, must-revalidate, stale-while-revalidate=1, stale-if-error=2", 0, 0 },
		{ "max-age=60, proxy-revalidate, stale-while-revalidate=1, stale-if-error=2", 0, 0 },
		{ "max-age=60, no-cache, stale-while-revalidate=1, stale-if-error=2", 0, 0 },
		{ "s-maxage=60", 0, 0 },
		{ "s-maxage=60, stale-while-revalidate=1, stale-if-error=2", 1, 2 },
	};
	struct cache_policy policy = CACHE_POLICY_PRESET;
	policy.stale_behind_s = 7;
	policy.stale_error_s = 9;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct judged j;
		char answer[128];
		snprintf(answer, sizeof(answer), "ETag: \"a\"\nCache-Control: %s", rows[i].control);
		assert_int_equal(judge(&j, "GET", "", 200, answer, &policy), CACHE_STORE);
		assert_int_equal(j.terms.stale_behind_s, rows[i].behind_s);
		assert_int_equal(j.terms.stale_error_s, rows[i].error_s);
	}
}

static void
reasons_that_last_are_worth_remembering(void **state)
{
	assert_true(cache_refusal_lasts(CACHE_NOT_NO_STORE));
	assert_true(cache_refusal_lasts(CACHE_NOT_PRIVATE));
	assert_true(cache_refusal_lasts(CACHE_NOT_COOKIE));
	assert_false(cache_refusal_lasts(CACHE_NOT_REQUEST));
	assert_false(cache_refusal_lasts(CACHE_NOT_STATUS));
	for (int r = 0; r < CACHE_REFUSALS; r++)
		assert_non_null(cache_refusal_name((enum cache_refusal)r));
}

RUN_TESTS(
	cmocka_unit_test(lifetimes_come_from_the_first_that_says_one),
	cmocka_unit_test(ages_are_the_larger_of_two_ways_to_know),
	cmocka_unit_test(the_time_an_answer_took_is_part_of_its_age),
	cmocka_unit_test(what_may_be_guessed_by_status),
	cmocka_unit_test(any_final_status_may_be_stored_when_it_is_said),
	cmocka_unit_test(what_is_for_one_is_not_stored_for_others),
	cmocka_unit_test(owners_may_tell_what_cookies_mean),
	cmocka_unit_test(targeted_fields_replace_all_others),
	cmocka_unit_test(a_posts_answer_serves_gets_when_it_says_so),
	cmocka_unit_test(parts_are_stored_when_they_say_which),
	cmocka_unit_test(grace_is_what_the_origin_gives_and_else_the_owner),
	cmocka_unit_test(reasons_that_last_are_worth_remembering),
)
