/* SPDX-License-Identifier: MIT */
/* Stored heads, and what validations do to them (RFC 9111, sections 3.1, 3.2, 4.3.3 to 4.3.5). */
#include "cache/update.h"

#include "base/cleanup.h"
#include "cache_by_hand.h"
#include "check.h"

#define DATE "Date: Wed, 18 Nov 2026 11:06:40 GMT\n"

static void
heads_are_stored_without_what_is_not_for_others(void **state)
{
	static const struct { const char *answer, *head; uint16_t flags; } rows[] = {
		{ DATE "Content-Type: a\nX-Y: z", "Date: Wed, 18 Nov 2026 11:06:40 GMT\r\nContent-Type: a\r\nX-Y: z\r\n" },
		{ "X: 1", "X: 1\r\nDate: Wed, 18 Nov 2026 11:06:40 GMT\r\n" },
		{ DATE "Connection: a, keep-alive\nA: 1\nB: 2\nKeep-Alive: 5", "Date: Wed, 18 Nov 2026 11:06:40 GMT\r\nB: 2\r\n" },
		{ DATE "Transfer-Encoding: chunked\nUpgrade: x\nTE: y\nProxy-Connection: z\nTrailer: t",
		  "Date: Wed, 18 Nov 2026 11:06:40 GMT\r\n" },
		{ DATE "Proxy-Authenticate: a\nProxy-Authentication-Info: b\nProxy-Authorization: c",
		  "Date: Wed, 18 Nov 2026 11:06:40 GMT\r\n" },
		{ DATE "Age: 5\nContent-Length: 3\nContent-Range: bytes 0-2/4", "Date: Wed, 18 Nov 2026 11:06:40 GMT\r\n",
		  TERMS_PARTIAL },
		{ DATE "Content-Range: x", "Date: Wed, 18 Nov 2026 11:06:40 GMT\r\nContent-Range: x\r\n" },
		{ DATE "Set-Cookie: a=b\nSet-Cookie2: c", "Date: Wed, 18 Nov 2026 11:06:40 GMT\r\nSet-Cookie2: c\r\n" },
		{ DATE "Cache-Control: no-cache=\"a, B\", private=c\nA: 1\nb: 2\nC: 3\nD: 4",
		  "Date: Wed, 18 Nov 2026 11:06:40 GMT\r\nCache-Control: no-cache=\"a, B\", private=c\r\nD: 4\r\n" },
		{ DATE "WWW-Authenticate: x\nContent-Encoding: gzip\nVary: a\nVary: b",
		  "Date: Wed, 18 Nov 2026 11:06:40 GMT\r\nWWW-Authenticate: x\r\nContent-Encoding: gzip\r\nVary: a\r\nVary: b\r\n" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf head = { .cap_bytes = CACHE_HEAD_MAX };
		struct cache_terms terms = { .date_s = NOW_S, .flags = rows[i].flags };
		struct by_hand h;
		cache_head_write(fields_of(&h, rows[i].answer), &preset, &terms, &head);
		assert_string_equal(buf_text(&head), rows[i].head);
		buf_done(&head);
	}
}

static void
the_first_entity_tag_is_found_again(void **state)
{
	struct buf head = { .cap_bytes = CACHE_HEAD_MAX };
	struct cache_terms terms = { .date_s = NOW_S };
	struct http_field fields[4];
	struct by_hand h;

	cache_head_write(fields_of(&h, DATE "ETag: \"a\"\nETag: W/\"b\"\nX: y"), &preset, &terms, &head);
	assert_true(text_is(cache_etag(&terms, head.data), "\"a\""));
	assert_true(terms.flags & TERMS_ETAG_STRONG);
	struct text rest = { head.data, head.size };
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		assert_true(cache_head_next(&rest, &fields[i]));
	assert_false(cache_head_next(&rest, &fields[0]));
	assert_true(text_is(fields[1].name, "etag") && text_is(fields[1].value, "\"a\""));
	buf_done(&head);
}

struct stored {
	struct judged j;
	struct buf head;
};

static void
store(struct stored *s, int status, const char *answer)
{
	s->head = (struct buf){ .cap_bytes = CACHE_HEAD_MAX };
	judge(&s->j, "GET", "", status, answer, &preset);
	assert_int_equal(s->j.refusal, CACHE_STORE);
	cache_head_write(&s->j.answer.fields, &preset, &s->j.terms, &s->head);
	if (!(s->j.terms.flags & TERMS_PARTIAL))
		s->j.terms.full_bytes = 10;
}

static struct text
head_of(const struct stored *s)
{
	return (struct text){ s->head.data, s->head.size };
}

static void
answers_to_validations_mean_four_things(void **state)
{
	static const struct { const char *stored; int status; const char *answer; enum cache_outcome outcome; } rows[] = {
		{ "ETag: \"a\"", 304, "ETag: \"a\"", CACHE_CONFIRMED },
		{ "ETag: \"a\"", 304, "ETag: \"b\"", CACHE_FOREIGN },
		{ "ETag: \"a\"", 304, "ETag: W/\"a\"", CACHE_CONFIRMED },
		{ "ETag: W/\"a\"", 304, "ETag: \"a\"", CACHE_CONFIRMED },
		{ "ETag: W/\"a\"", 304, "ETag: W/\"b\"", CACHE_FOREIGN },
		{ "ETag: \"a\"", 304, "", CACHE_CONFIRMED },
		{ "Last-Modified: Sun, 08 Nov 2026 11:06:40 GMT", 304, "", CACHE_CONFIRMED },
		{ "Last-Modified: Sun, 08 Nov 2026 11:06:40 GMT", 304, "Last-Modified: Sun, 08 Nov 2026 11:06:40 GMT",
		  CACHE_CONFIRMED },
		{ "Last-Modified: Sun, 08 Nov 2026 11:06:40 GMT", 304, "Last-Modified: Sun, 08 Nov 2026 11:06:41 GMT",
		  CACHE_FOREIGN },
		{ "ETag: \"a\"", 200, "ETag: \"a\"", CACHE_REPLACED },
		{ "ETag: \"a\"", 404, "", CACHE_REPLACED },
		{ "ETag: \"a\"", 500, "", CACHE_FAILED },
		{ "ETag: \"a\"", 503, "", CACHE_FAILED },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stored s;
		struct by_hand h;
		char lines[128];
		snprintf(lines, sizeof(lines), "Cache-Control: max-age=60\n%s", rows[i].stored);
		store(&s, 200, lines);
		struct cache_answer a = { rows[i].status, *fields_of(&h, rows[i].answer), AT(70), AT(70) };
		if (cache_outcome(&s.j.terms, head_of(&s), &a) != rows[i].outcome)
			fail_msg("%s | %d %s", rows[i].stored, rows[i].status, rows[i].answer);
		buf_done(&s.head);
	}
}

struct update_row {
	const char *request, *stored, *answer;
	enum cache_refusal refusal;
	int32_t lifetime_s;
	const char *has, *has_not;   /* parts of the new head */
	int32_t age_s;
};

static void
check_update(const struct update_row *row, int stored_status)
{
	struct stored s;
	struct by_hand h;
	struct buf head = { .cap_bytes = CACHE_HEAD_MAX };
	struct cache_terms terms;

	store(&s, stored_status, row->stored);
	ask(&s.j, "GET", "/a?b", row->request, &preset);
	struct cache_answer a = { 304, *fields_of(&h, row->answer), AT(70), AT(70) };
	enum cache_refusal r = cache_update(&s.j.request, &s.j.key, &s.j.terms, head_of(&s), &a, &preset, &terms, &head);
	if (r != row->refusal || (r == CACHE_STORE && terms.lifetime_s != row->lifetime_s) ||
	    (row->has && !strstr(buf_text(&head), row->has)) || (row->has_not && strstr(buf_text(&head), row->has_not)))
		fail_msg("%s | %s: %s, %d s, %s", row->stored, row->answer, cache_refusal_name(r), terms.lifetime_s,
		    buf_text(&head));
	assert_int_equal(terms.status, stored_status);
	assert_true(terms.full_bytes == 10 && terms.first == s.j.terms.first && terms.held == s.j.terms.held);
	assert_int_equal(terms.flags & TERMS_PARTIAL, s.j.terms.flags & TERMS_PARTIAL);
	if (r == CACHE_STORE) {
		assert_true(terms.received_ns == AT(70));
		assert_int_equal(terms.initial_age_s, row->age_s);
		assert_true(text_is(cache_etag(&terms, head.data), "\"a\""));
		assert_false(terms.flags & (TERMS_OUTDATED | TERMS_STALE));
	}
	buf_done(&s.head);
	buf_done(&head);
}

static void
a_304_brings_new_fields_and_a_new_life(void **state)
{
	static const struct update_row rows[] = {
		{ "", "ETag: \"a\"\nCache-Control: max-age=60\nX: 1", "X: 2", CACHE_STORE, 60, "X: 2\r\n", "X: 1" },
		{ "", "ETag: \"a\"\nCache-Control: max-age=60\nX: 1", "", CACHE_STORE, 60, "X: 1\r\n", NULL },
		{ "", "ETag: \"a\"\nCache-Control: max-age=60", "Cache-Control: max-age=5", CACHE_STORE, 5,
		  "Cache-Control: max-age=5\r\n", "max-age=60" },
		{ "", "ETag: \"a\"\nCache-Control: max-age=60\nA: 1\nA: 2", "a: 3", CACHE_STORE, 60, "a: 3\r\n", "A: " },
		{ "", "ETag: \"a\"\nCache-Control: max-age=60\n" DATE, "Date: Wed, 18 Nov 2026 11:07:50 GMT", CACHE_STORE, 60,
		  "Date: Wed, 18 Nov 2026 11:07:50 GMT", "11:06:40" },
		{ "", "ETag: \"a\"\nExpires: Wed, 18 Nov 2026 11:07:40 GMT", "Expires: Wed, 18 Nov 2026 11:07:55 GMT",
		  CACHE_STORE, 5, "Expires: Wed, 18 Nov 2026 11:07:55", "11:07:40" },
		{ "", "ETag: \"a\"\nCache-Control: max-age=60\nContent-Type: x", "Content-Type: y", CACHE_STORE, 60,
		  "Content-Type: y", NULL },
		/* what describes the bytes stays */
		{ "", "ETag: \"a\"\nCache-Control: max-age=60\nContent-Encoding: gzip", "Content-Encoding: br\nContent-Length: 0",
		  CACHE_STORE, 60, "Content-Encoding: gzip", "Content-Length" },
		{ "", "ETag: \"a\"\nCache-Control: max-age=60", "Content-Range: bytes 0-1/2\nConnection: y\nY: 1\nSet-Cookie: a=b",
		  CACHE_STORE, 60, NULL, "Content-Range" },
		{ "", "ETag: \"a\"\nCache-Control: max-age=60", "Connection: y\nY: 1", CACHE_STORE, 60, NULL, "Y: 1" },
		{ "", "ETag: \"a\"\nCache-Control: max-age=60", "Set-Cookie: a=b", CACHE_STORE, 60, NULL, "Set-Cookie" },
		{ "", "ETag: \"a\"\nCache-Control: max-age=60", "Age: 7", CACHE_STORE, 60, NULL, "Age", 7 },
		/* no longer for others */
		{ "", "ETag: \"a\"\nCache-Control: max-age=60", "Cache-Control: no-store", CACHE_NOT_NO_STORE, 0, "no-store", NULL },
		{ "", "ETag: \"a\"\nCache-Control: max-age=60", "Cache-Control: private", CACHE_NOT_PRIVATE, 0, NULL, NULL },
		{ "", "ETag: \"a\"\nCache-Control: max-age=60", "Vary: *", CACHE_NOT_VARY, 0, NULL, NULL },
		{ "Authorization: x", "ETag: \"a\"\nCache-Control: max-age=60", "", CACHE_NOT_AUTHORIZED, 0, NULL, NULL },
		{ "Cache-Control: no-store", "ETag: \"a\"\nCache-Control: max-age=60", "", CACHE_NOT_REQUEST, 0, NULL, NULL },
	};
	static const struct update_row part = { "", "ETag: \"a\"\nCache-Control: max-age=60\nContent-Range: bytes 2-5/10",
		"X: 1", CACHE_STORE, 60, "X: 1", "Content-Range" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_update(&rows[i], i & 1 ? 200 : 404);
	check_update(&part, 206);
}

static void
a_head_that_disagrees_outdates_what_is_stored(void **state)
{
	static const struct { const char *answer; bool agrees; } rows[] = {
		{ "ETag: \"a\"\nContent-Length: 10", true },
		{ "", true },
		{ "Content-Length: 11", false },
		{ "Content-Length: 10\nETag: \"b\"", false },
		{ "ETag: \"a\"\nContent-Length: 99999999999999999999999999", false },
		{ "Last-Modified: Sun, 08 Nov 2026 11:06:41 GMT", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stored s;
		struct by_hand h;
		store(&s, 200, "ETag: \"a\"\nCache-Control: max-age=60\nLast-Modified: Sun, 08 Nov 2026 11:06:40 GMT");
		struct cache_answer a = { 200, *fields_of(&h, rows[i].answer), AT(1), AT(1) };
		if (cache_head_agrees(&s.j.terms, head_of(&s), &a) != rows[i].agrees)
			fail_msg("%s", rows[i].answer);
		buf_done(&s.head);
	}
}

RUN_TESTS(
	cmocka_unit_test(heads_are_stored_without_what_is_not_for_others),
	cmocka_unit_test(the_first_entity_tag_is_found_again),
	cmocka_unit_test(answers_to_validations_mean_four_things),
	cmocka_unit_test(a_304_brings_new_fields_and_a_new_life),
	cmocka_unit_test(a_head_that_disagrees_outdates_what_is_stored),
)
