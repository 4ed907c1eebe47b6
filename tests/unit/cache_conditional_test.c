/* SPDX-License-Identifier: MIT */
/* Conditions against what is stored (RFC 9110, section 13; RFC 9111, section 4.3.2). */
#include "cache/conditional.h"
#include "cache/head.h"
#include "cache_by_hand.h"
#include "check.h"

#define LM   "Last-Modified: Sun, 08 Nov 2026 11:06:40 GMT\n"
#define DATE "Date: Wed, 18 Nov 2026 11:06:30 GMT\n"

/* Stores `answer` with a body of 10 bytes, asks `request` of it. */
static enum cache_answer_kind
answer_to(const char *method, int status, const char *answer, const char *request, struct cache_ranges *ranges)
{
	struct buf head = { .cap_bytes = CACHE_HEAD_MAX };
	struct judged j;
	char lines[512];

	snprintf(lines, sizeof(lines), "Cache-Control: max-age=60\n%s", answer);
	assert_int_equal(judge(&j, "GET", "", status, lines, &preset), CACHE_STORE);
	cache_head_write(&j.answer.fields, &preset, &j.terms, &head);
	if (!(j.terms.flags & TERMS_PARTIAL))
		j.terms.full_bytes = 10;
	ask(&j, method, "/a?b", request, &preset);
	enum cache_answer_kind kind = cache_answer_kind(&j.request, &j.request_fields.fields, &j.terms,
	    cache_etag(&j.terms, head.data), ranges);
	buf_done(&head);
	return kind;
}

static void
conditions_are_held_against_what_is_stored(void **state)
{
	static const struct { const char *answer, *request; bool not_modified; } rows[] = {
		{ "ETag: \"a\"", "If-None-Match: \"a\"", true },
		{ "ETag: \"a\"", "If-None-Match: \"b\"", false },
		{ "ETag: \"a\"", "If-None-Match: \"b\", \"a\"", true },
		{ "ETag: \"a\"", "If-None-Match: \"b\",\"c\",W/\"a\"", true },
		{ "ETag: \"a\"", "If-None-Match: \"b\"\nIf-None-Match: \"a\"", true },
		{ "ETag: W/\"a\"", "If-None-Match: \"a\"", true },
		{ "ETag: W/\"a\"", "If-None-Match: W/\"a\"", true },
		{ "ETag: \"a\"", "If-None-Match: *", true },
		{ "", "If-None-Match: *", true },
		{ "", "If-None-Match: \"a\"", false },
		{ "ETag: \"a\"", "If-None-Match: \"A\"", false },
		{ "ETag: \"a,b\"", "If-None-Match: \"x\", \"a,b\"", true },
		{ "ETag: \"a\"", "If-None-Match: \"x,\"a\"", false },
		{ "ETag: \"a\\\"", "If-None-Match: \"a\\\", \"b\"", true },
		{ "ETag: \"\xff\"", "If-None-Match: \"\xff\"", true },
		{ "ETag: a", "If-None-Match: a", true },
		{ "ETag: \"a\"", "If-None-Match: a", false },
		{ "ETag: \"a\"", "If-None-Match: w/\"a\"", false },
		{ "ETag: \"a\"", "If-None-Match:", false },
		/* the date does not count beside a tag */
		{ LM "ETag: \"a\"", "If-None-Match: \"b\"\nIf-Modified-Since: Sun, 08 Nov 2026 11:06:40 GMT", false },
		{ LM "ETag: \"a\"", "If-None-Match: \"a\"\nIf-Modified-Since: Sun, 01 Nov 2026 11:06:40 GMT", true },
		{ LM, "If-Modified-Since: Sun, 08 Nov 2026 11:06:40 GMT", true },
		{ LM, "If-Modified-Since: Sun, 08 Nov 2026 11:06:41 GMT", true },
		{ LM, "If-Modified-Since: Sun, 08 Nov 2026 11:06:39 GMT", false },
		{ LM, "If-Modified-Since: Sunday, 08-Nov-26 11:06:40 GMT", true },
		{ LM, "If-Modified-Since: 1", false },
		{ LM, "If-Modified-Since: Mon, 09 Nov 2026 11:06:40 GMT\nIf-Modified-Since: Mon, 09 Nov 2026 11:06:40 GMT", false },
		/* without Last-Modified: Date, and without that the time of receipt */
		{ DATE, "If-Modified-Since: Wed, 18 Nov 2026 11:06:30 GMT", true },
		{ DATE, "If-Modified-Since: Wed, 18 Nov 2026 11:06:29 GMT", false },
		{ "", "If-Modified-Since: Wed, 18 Nov 2026 11:06:40 GMT", true },
		{ "", "If-Modified-Since: Wed, 18 Nov 2026 11:06:39 GMT", false },
		{ LM, "", false },
	};
	struct cache_ranges ranges;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (answer_to(i & 1 ? "GET" : "HEAD", 200, rows[i].answer, rows[i].request, &ranges) !=
		    (rows[i].not_modified ? CACHE_ANSWER_304 : CACHE_ANSWER_WHOLE))
			fail_msg("%s | %s", rows[i].answer, rows[i].request);
	}
	assert_int_equal(answer_to("GET", 404, "ETag: \"a\"", "If-None-Match: \"a\"", &ranges), CACHE_ANSWER_WHOLE);
}

static void
parts_are_given_of_what_is_the_same(void **state)
{
	static const struct { const char *answer, *request; enum cache_answer_kind kind; } rows[] = {
		{ "", "Range: bytes=0-4", CACHE_ANSWER_PARTS },
		{ "", "Range: bytes=10-", CACHE_ANSWER_416 },
		{ "", "Range: bytes=x", CACHE_ANSWER_WHOLE },
		{ "", "If-Range: \"a\"", CACHE_ANSWER_WHOLE },
		{ "ETag: \"a\"", "Range: bytes=0-4\nIf-Range: \"a\"", CACHE_ANSWER_PARTS },
		{ "ETag: \"a\"", "Range: bytes=0-4\nIf-Range: \"b\"", CACHE_ANSWER_WHOLE },
		{ "ETag: \"a\"", "Range: bytes=99-\nIf-Range: \"b\"", CACHE_ANSWER_WHOLE },
		{ "ETag: W/\"a\"", "Range: bytes=0-4\nIf-Range: W/\"a\"", CACHE_ANSWER_WHOLE },
		{ "ETag: W/\"a\"", "Range: bytes=0-4\nIf-Range: \"a\"", CACHE_ANSWER_WHOLE },
		{ DATE LM, "Range: bytes=0-4\nIf-Range: Sun, 08 Nov 2026 11:06:40 GMT", CACHE_ANSWER_PARTS },
		{ DATE LM, "Range: bytes=0-4\nIf-Range: Sun, 08 Nov 2026 11:06:41 GMT", CACHE_ANSWER_WHOLE },
		{ LM, "Range: bytes=0-4\nIf-Range: Sun, 08 Nov 2026 11:06:40 GMT", CACHE_ANSWER_WHOLE },
		{ DATE "Last-Modified: Wed, 18 Nov 2026 11:06:30 GMT",
		  "Range: bytes=0-4\nIf-Range: Wed, 18 Nov 2026 11:06:30 GMT", CACHE_ANSWER_WHOLE },
		{ "ETag: \"a\"", "Range: bytes=0-4\nIf-None-Match: \"a\"", CACHE_ANSWER_304 },
		{ "ETag: \"a\"", "Range: bytes=0-4\nIf-None-Match: \"b\"", CACHE_ANSWER_PARTS },
	};
	struct cache_ranges ranges;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (answer_to("GET", 200, rows[i].answer, rows[i].request, &ranges) != rows[i].kind)
			fail_msg("%s | %s", rows[i].answer, rows[i].request);
	assert_int_equal(answer_to("HEAD", 200, "", "Range: bytes=0-4", &ranges), CACHE_ANSWER_WHOLE);
	assert_int_equal(answer_to("GET", 404, "", "Range: bytes=0-4", &ranges), CACHE_ANSWER_WHOLE);
}

static void
a_stored_part_answers_what_lies_in_it(void **state)
{
	static const struct { const char *range, *request; enum cache_answer_kind kind; } rows[] = {
		{ "2-6/10", "Range: bytes=2-6", CACHE_ANSWER_PARTS },
		{ "2-6/10", "Range: bytes=3-4", CACHE_ANSWER_PARTS },
		{ "2-6/10", "Range: bytes=1-4", CACHE_ANSWER_MISSING },
		{ "2-6/10", "Range: bytes=3-7", CACHE_ANSWER_MISSING },
		{ "2-6/10", "Range: bytes=3-", CACHE_ANSWER_MISSING },
		{ "5-9/10", "Range: bytes=6-", CACHE_ANSWER_PARTS },
		{ "5-9/10", "Range: bytes=-3", CACHE_ANSWER_PARTS },
		{ "5-9/10", "Range: bytes=-6", CACHE_ANSWER_MISSING },
		{ "5-9/10", "Range: bytes=10-", CACHE_ANSWER_416 },
		{ "5-9/*", "Range: bytes=6-7", CACHE_ANSWER_PARTS },
		{ "5-9/*", "Range: bytes=6-", CACHE_ANSWER_MISSING },
		{ "5-9/*", "Range: bytes=-2", CACHE_ANSWER_MISSING },
		{ "2-6/10", "", CACHE_ANSWER_MISSING },
		{ "2-6/10", "Range: bytes=2-6\nIf-Range: \"b\"", CACHE_ANSWER_MISSING },
		{ "2-6/10", "If-None-Match: \"a\"", CACHE_ANSWER_304 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cache_ranges ranges;
		char answer[128];
		snprintf(answer, sizeof(answer), "ETag: \"a\"\nContent-Range: bytes %s", rows[i].range);
		if (answer_to("GET", 206, answer, rows[i].request, &ranges) != rows[i].kind)
			fail_msg("%s | %s", rows[i].range, rows[i].request);
	}
}

static void
the_origin_is_asked_by_what_is_known(void **state)
{
	static const struct { const char *answer, *etag, *date; } rows[] = {
		{ "ETag: \"a\"", "\"a\"", NULL },
		{ "ETag: W/\"a\"\n" LM, "W/\"a\"", "Sun, 08 Nov 2026 11:06:40 GMT" },
		{ LM, NULL, "Sun, 08 Nov 2026 11:06:40 GMT" },
		{ "ETag: a", "a", NULL },
		{ "Last-Modified: yesterday", NULL, NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf head = { .cap_bytes = CACHE_HEAD_MAX };
		struct cache_condition c;
		struct judged j;
		char lines[256];
		uint32_t n = 0;
		snprintf(lines, sizeof(lines), "Cache-Control: max-age=60\n%s", rows[i].answer);
		judge(&j, "GET", "", 200, lines, &preset);
		cache_head_write(&j.answer.fields, &preset, &j.terms, &head);
		cache_condition_write(&j.terms, cache_etag(&j.terms, head.data), &c);
		if (rows[i].etag) {
			assert_true(text_is(c.at[n].name, "if-none-match"));
			assert_true(text_is(c.at[n++].value, rows[i].etag));
		}
		if (rows[i].date) {
			assert_true(text_is(c.at[n].name, "if-modified-since"));
			assert_true(text_is(c.at[n++].value, rows[i].date));
		}
		assert_int_equal(c.n, n);
		buf_done(&head);
	}
	assert_true(cache_field_is_clients(text_of("If-None-Match")));
	assert_true(cache_field_is_clients(text_of("range")));
	assert_false(cache_field_is_clients(text_of("If-Match")));
	assert_true(cache_field_in_304(text_of("ETag")));
	assert_false(cache_field_in_304(text_of("Content-Type")));
}

RUN_TESTS(
	cmocka_unit_test(conditions_are_held_against_what_is_stored),
	cmocka_unit_test(parts_are_given_of_what_is_the_same),
	cmocka_unit_test(a_stored_part_answers_what_lies_in_it),
	cmocka_unit_test(the_origin_is_asked_by_what_is_known),
)
