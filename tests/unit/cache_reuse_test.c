/* SPDX-License-Identifier: MIT */
/* When a stored answer serves (RFC 9111, section 4; 5.2.1; RFC 5861). */
#include "cache/reuse.h"
#include "cache/directives.h"
#include "cache_by_hand.h"
#include "check.h"

static void
stored_answers_serve_while_they_may(void **state)
{
	static const struct { const char *answer, *request; int after_s; enum cache_use use; enum cache_forward forward; } rows[] = {
		{ "max-age=60", "", 0, CACHE_SERVE, CACHE_FORWARD_NONE },
		{ "max-age=60", "", 59, CACHE_SERVE, CACHE_FORWARD_NONE },
		{ "max-age=60", "", 60, CACHE_VALIDATE, CACHE_FORWARD_STALE },
		{ "max-age=60, must-revalidate", "", 59, CACHE_SERVE, CACHE_FORWARD_NONE },
		{ "max-age=60, no-cache", "", 0, CACHE_VALIDATE, CACHE_FORWARD_STALE },
		{ "max-age=60, stale-while-revalidate=10", "", 69, CACHE_SERVE_AND_REFRESH, CACHE_FORWARD_NONE },
		{ "max-age=60, stale-while-revalidate=10", "", 70, CACHE_VALIDATE, CACHE_FORWARD_STALE },
		{ "max-age=60, stale-while-revalidate=10, must-revalidate", "", 60, CACHE_VALIDATE, CACHE_FORWARD_STALE },
		/* what the request asks */
		{ "max-age=60", "no-cache", 0, CACHE_VALIDATE, CACHE_FORWARD_REQUEST },
		{ "max-age=60", "max-age=0", 0, CACHE_VALIDATE, CACHE_FORWARD_REQUEST },
		{ "max-age=60", "max-age=10", 10, CACHE_SERVE, CACHE_FORWARD_NONE },
		{ "max-age=60", "max-age=10", 11, CACHE_VALIDATE, CACHE_FORWARD_REQUEST },
		{ "max-age=60", "max-age=100", 60, CACHE_VALIDATE, CACHE_FORWARD_STALE },
		{ "max-age=60", "min-fresh=10", 50, CACHE_SERVE, CACHE_FORWARD_NONE },
		{ "max-age=60", "min-fresh=10", 51, CACHE_VALIDATE, CACHE_FORWARD_REQUEST },
		{ "max-age=60, stale-while-revalidate=10", "min-fresh=0", 60, CACHE_VALIDATE, CACHE_FORWARD_STALE },
		{ "max-age=60", "max-stale=10", 70, CACHE_SERVE, CACHE_FORWARD_NONE },
		{ "max-age=60", "max-stale=10", 71, CACHE_VALIDATE, CACHE_FORWARD_STALE },
		{ "max-age=60", "max-stale", 1000000, CACHE_SERVE, CACHE_FORWARD_NONE },
		{ "max-age=60", "max-stale, max-age=10", 70, CACHE_VALIDATE, CACHE_FORWARD_STALE },
		{ "max-age=60, must-revalidate", "max-stale", 61, CACHE_VALIDATE, CACHE_FORWARD_STALE },
		{ "s-maxage=60", "max-stale", 61, CACHE_VALIDATE, CACHE_FORWARD_STALE },
		{ "max-age=60", "no-store", 0, CACHE_SERVE, CACHE_FORWARD_NONE },
		{ "max-age=60", "only-if-cached", 0, CACHE_SERVE, CACHE_FORWARD_NONE },
		{ "max-age=60", "only-if-cached", 60, CACHE_REFUSE, CACHE_FORWARD_STALE },
		{ "max-age=60", "only-if-cached, max-stale", 60, CACHE_SERVE, CACHE_FORWARD_NONE },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct judged j;
		struct cache_decision d;
		char answer[128], request[128];
		snprintf(answer, sizeof(answer), "ETag: \"a\"\nCache-Control: %s", rows[i].answer);
		snprintf(request, sizeof(request), "Cache-Control: %s", rows[i].request);
		assert_int_equal(judge(&j, "GET", "", 200, answer, &preset), CACHE_STORE);
		ask(&j, i & 1 ? "GET" : "HEAD", "/a?b", request, &preset);
		cache_decide(&j.request, &j.terms, false, AT(rows[i].after_s), &d);
		if (d.use != rows[i].use || d.forward != rows[i].forward)
			fail_msg("%s | %s after %d s: %d, %d", rows[i].answer, rows[i].request, rows[i].after_s, d.use, d.forward);
		assert_true(d.age_s == rows[i].after_s && d.ttl_s == 60 - rows[i].after_s);
	}
}

static void
what_is_not_stored_is_asked_for_unless_forbidden(void **state)
{
	static const struct { const char *method, *request; bool variant; enum cache_use use; enum cache_forward forward; } rows[] = {
		{ "GET", "", false, CACHE_FETCH, CACHE_FORWARD_URI_MISS },
		{ "HEAD", "", true, CACHE_FETCH, CACHE_FORWARD_VARY_MISS },
		{ "GET", "Cache-Control: only-if-cached", false, CACHE_REFUSE, CACHE_FORWARD_URI_MISS },
		{ "GET", "If-Match: \"a\"", false, CACHE_PASS, CACHE_FORWARD_BYPASS },
		{ "GET", "Content-Length: 1", false, CACHE_PASS, CACHE_FORWARD_BYPASS },
		{ "POST", "", false, CACHE_PASS, CACHE_FORWARD_METHOD },
		{ "DELETE", "Cache-Control: only-if-cached", false, CACHE_PASS, CACHE_FORWARD_METHOD },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct judged j;
		struct cache_decision d;
		ask(&j, rows[i].method, "/", rows[i].request, &preset);
		cache_decide(&j.request, NULL, rows[i].variant, NOW_NS, &d);
		assert_int_equal(d.use, rows[i].use);
		assert_int_equal(d.forward, rows[i].forward);
	}
}

static void
purged_softly_is_stale_and_invalidated_is_never_served(void **state)
{
	struct judged j;
	struct cache_decision d;

	judge(&j, "GET", "", 200, "ETag: \"a\"\nCache-Control: max-age=60, stale-while-revalidate=5, stale-if-error=5",
	    &preset);
	ask(&j, "GET", "/a?b", "", &preset);
	j.terms.flags |= TERMS_STALE;
	cache_decide(&j.request, &j.terms, false, AT(1), &d);
	assert_int_equal(d.use, CACHE_SERVE_AND_REFRESH);
	assert_int_equal(d.ttl_s, 0);
	assert_true(cache_serves_on_error(&j.request, &j.terms, &preset, 500, AT(1)));
	j.terms.flags |= TERMS_OUTDATED;
	cache_decide(&j.request, &j.terms, false, AT(1), &d);
	assert_int_equal(d.use, CACHE_VALIDATE);
	assert_false(cache_serves_on_error(&j.request, &j.terms, &preset, 0, AT(1)));
	assert_true(cache_fresh_until_ns(&j.terms) == NOW_NS);
}

static void
errors_are_hidden_by_what_is_stale(void **state)
{
	static const struct { const char *answer, *request; int status, after_s; bool served; } rows[] = {
		{ "max-age=60, stale-if-error=10", "", 500, 69, true },
		{ "max-age=60, stale-if-error=10", "", 502, 69, true },
		{ "max-age=60, stale-if-error=10", "", 503, 69, true },
		{ "max-age=60, stale-if-error=10", "", 504, 69, true },
		{ "max-age=60, stale-if-error=10", "", 501, 69, false },
		{ "max-age=60, stale-if-error=10", "", 404, 69, false },
		{ "max-age=60, stale-if-error=10", "", 503, 70, false },
		{ "max-age=60", "", 503, 61, false },
		{ "max-age=60", "stale-if-error=10", 503, 69, true },
		{ "max-age=60, must-revalidate", "stale-if-error=10", 503, 61, false },
		{ "max-age=60, stale-if-error=10, must-revalidate", "", 503, 61, false },
		{ "max-age=60, stale-if-error=10", "no-cache", 503, 61, false },
		/* no answer at all: section 4.2.4 */
		{ "max-age=60", "", 0, 61, true },
		{ "max-age=60", "", 0, 60 + 86400, false },
		{ "max-age=60, must-revalidate", "", 0, 61, false },
		{ "max-age=60, proxy-revalidate", "", 0, 61, false },
		{ "max-age=60, no-cache", "", 0, 1, false },
		{ "s-maxage=60", "", 0, 61, false },
		{ "s-maxage=60, stale-if-error=10", "", 0, 61, true },
		{ "max-age=60", "no-cache", 0, 61, false },
		{ "max-age=60", "max-age=0", 0, 61, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct judged j;
		char answer[128], request[128];
		snprintf(answer, sizeof(answer), "ETag: \"a\"\nCache-Control: %s", rows[i].answer);
		snprintf(request, sizeof(request), "Cache-Control: %s", rows[i].request);
		assert_int_equal(judge(&j, "GET", "", 200, answer, &preset), CACHE_STORE);
		ask(&j, "GET", "/a?b", request, &preset);
		if (cache_serves_on_error(&j.request, &j.terms, &preset, rows[i].status, AT(rows[i].after_s)) != rows[i].served)
			fail_msg("%s | %s %d after %d s", rows[i].answer, rows[i].request, rows[i].status, rows[i].after_s);
	}
}

static void
a_store_keeps_what_may_still_be_of_use(void **state)
{
	static const struct { const char *answer; int64_t until_s; } rows[] = {
		{ "Cache-Control: max-age=60, must-revalidate", 60 },
		{ "Cache-Control: max-age=60, must-revalidate\nAge: 20", 40 },
		{ "Cache-Control: max-age=60, must-revalidate\nLast-Modified: Sun, 08 Nov 2026 11:06:40 GMT", 60 + 1000 },
		{ "Cache-Control: s-maxage=60, stale-while-revalidate=100, stale-if-error=7", 160 },
		{ "Cache-Control: max-age=60", 60 + 500 },
		{ "Cache-Control: max-age=60\nAge: 100\nLast-Modified: Sun, 08 Nov 2026 11:06:40 GMT", 1000 },
	};
	struct cache_policy policy = { .stale_disconnected_s = 500, .keep_s = 1000 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct judged j;
		assert_int_equal(judge(&j, "GET", "", 200, rows[i].answer, &policy), CACHE_STORE);
		assert_true(cache_useful_until_ns(&j.terms, &policy) == AT(rows[i].until_s));
	}
}

RUN_TESTS(
	cmocka_unit_test(stored_answers_serve_while_they_may),
	cmocka_unit_test(what_is_not_stored_is_asked_for_unless_forbidden),
	cmocka_unit_test(purged_softly_is_stale_and_invalidated_is_never_served),
	cmocka_unit_test(errors_are_hidden_by_what_is_stale),
	cmocka_unit_test(a_store_keeps_what_may_still_be_of_use),
)
