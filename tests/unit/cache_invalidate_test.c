/* SPDX-License-Identifier: MIT */
/* What unsafe requests outdate (RFC 9111, section 4.4), and what Cache-Status says of it all (RFC 9211). */
#include "cache/invalidate.h"
#include "cache/status_field.h"
#include "cache_by_hand.h"
#include "check.h"

static void
unsafe_requests_outdate_what_they_may_have_changed(void **state)
{
	static const struct { const char *method; int status; const char *answer, *keys; } rows[] = {
		{ "POST", 200, "", "http://shop.example/a?b " },
		{ "PUT", 204, "", "http://shop.example/a?b " },
		{ "DELETE", 200, "", "http://shop.example/a?b " },
		{ "PATCH", 200, "", "http://shop.example/a?b " },
		{ "M-SEARCH", 200, "", "http://shop.example/a?b " },
		{ "POST", 303, "Location: /new", "http://shop.example/a?b http://shop.example/new " },
		{ "POST", 201, "Content-Location: x\nLocation: //shop.example/new",
		  "http://shop.example/a?b http://shop.example/new http://shop.example/x " },
		{ "POST", 201, "Location: http://other.example/new", "http://shop.example/a?b " },
		{ "POST", 201, "Location: https://shop.example/new", "http://shop.example/a?b " },
		{ "POST", 201, "Location: /a?b\nContent-Location: /c", "http://shop.example/a?b http://shop.example/c " },
		{ "POST", 400, "Location: /new", "" },
		{ "POST", 500, "", "" },
		{ "DELETE", 404, "", "" },
		{ "GET", 200, "Location: /new", "" },
		{ "HEAD", 200, "", "" },
		{ "OPTIONS", 200, "", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct judged j;
		char out[CACHE_KEY_MAX], keys[256] = "";
		struct cache_key k;
		int at = 0;
		judge(&j, rows[i].method, "", rows[i].status, rows[i].answer, &preset);
		while (cache_next_outdated(&j.request, &j.key, &j.answer, &at, out, &k))
			snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), "%.*s ", (int)k.uri.size, k.uri.at);
		if (strcmp(keys, rows[i].keys) != 0)
			fail_msg("%s %d %s: %s", rows[i].method, rows[i].status, rows[i].answer, keys);
	}
}

static void
status_says_what_was_done(void **state)
{
	static const struct { struct cache_status s; const char *text; } rows[] = {
		{ { .cache = "prony", .has_ttl = true, .ttl_s = 376 }, "prony; hit; ttl=376" },
		{ { .cache = "prony", .has_ttl = true, .ttl_s = -412 }, "prony; hit; ttl=-412" },
		{ { .cache = "prony", .forward = CACHE_FORWARD_URI_MISS, .origin_status = 200, .stored = true,
		    .collapsed = true }, "prony; fwd=uri-miss; fwd-status=200; stored; collapsed" },
		{ { .cache = "prony", .forward = CACHE_FORWARD_STALE, .origin_status = 304, .has_ttl = true },
		  "prony; fwd=stale; fwd-status=304; ttl=0" },
		{ { .cache = "a.example:80", .forward = CACHE_FORWARD_BYPASS, .detail = "no-store" },
		  "a.example:80; fwd=bypass; detail=no-store" },
		{ { .cache = "my gate", .forward = CACHE_FORWARD_METHOD, .detail = "9\"\\\n" },
		  "\"my gate\"; fwd=method; detail=\"9???\"" },
		{ { .cache = "a", .forward = CACHE_FORWARD_VARY_MISS }, "a; fwd=vary-miss" },
		{ { .cache = "a", .forward = CACHE_FORWARD_REQUEST }, "a; fwd=request" },
		{ { .cache = "a", .forward = CACHE_FORWARD_PARTIAL }, "a; fwd=partial" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[CACHE_STATUS_MAX];
		size_t n = cache_status_write(&rows[i].s, out);
		if (n != strlen(rows[i].text) || memcmp(out, rows[i].text, n) != 0)
			fail_msg("%.*s, wanted %s", (int)n, out, rows[i].text);
	}
}

static void
the_longest_status_fits(void **state)
{
	char longest[512], out[CACHE_STATUS_MAX];
	struct cache_status s = { .cache = longest, .forward = CACHE_FORWARD_VARY_MISS, .origin_status = 999,
		.has_ttl = true, .ttl_s = INT64_MIN, .stored = true, .collapsed = true, .detail = longest };

	memset(longest, '"', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_in_range(cache_status_write(&s, out), 200, CACHE_STATUS_MAX);
}

RUN_TESTS(
	cmocka_unit_test(unsafe_requests_outdate_what_they_may_have_changed),
	cmocka_unit_test(status_says_what_was_done),
	cmocka_unit_test(the_longest_status_fits),
)
