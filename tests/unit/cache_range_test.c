/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "cache/range.h"
#include "cache_by_hand.h"
#include "check.h"

static void
ranges_are_resolved_against_the_size(void **state)
{
	static const struct { const char *request; int64_t full; enum cache_range_verdict verdict; const char *parts; } rows[] = {
		{ "", 10, CACHE_RANGE_WHOLE, "" },
		{ "Range: bytes=0-4", 10, CACHE_RANGE_PARTS, "0+5" },
		{ "Range: BYTES=5-", 10, CACHE_RANGE_PARTS, "5+5" },
		{ "Range: bytes=-3", 10, CACHE_RANGE_PARTS, "7+3" },
		{ "Range: bytes=-30", 10, CACHE_RANGE_PARTS, "0+10" },
		{ "Range: bytes=9-9", 10, CACHE_RANGE_PARTS, "9+1" },
		{ "Range: bytes=5-99999999999999999999999", 10, CACHE_RANGE_PARTS, "5+5" },
		{ "Range: bytes=0-1, 5-6 ,8-", 10, CACHE_RANGE_PARTS, "0+2 5+2 8+2" },
		{ "Range: bytes=,0-1,,", 10, CACHE_RANGE_PARTS, "0+2" },
		{ "Range: bytes=0-3,2-5", 10, CACHE_RANGE_PARTS, "0+6" },
		{ "Range: bytes=0-3,4-5", 10, CACHE_RANGE_PARTS, "0+6" },
		{ "Range: bytes=0-1,4-5,1-4", 10, CACHE_RANGE_PARTS, "0+6" },
		{ "Range: bytes=8-9,0-0", 10, CACHE_RANGE_PARTS, "8+2 0+1" },
		{ "Range: bytes=0-0,20-", 10, CACHE_RANGE_PARTS, "0+1" },
		{ "Range: bytes=10-", 10, CACHE_RANGE_OUTSIDE, "" },
		{ "Range: bytes=-0", 10, CACHE_RANGE_OUTSIDE, "" },
		{ "Range: bytes=0-", 0, CACHE_RANGE_OUTSIDE, "" },
		{ "Range: bytes=-1", 0, CACHE_RANGE_OUTSIDE, "" },
		{ "Range: bytes=4-3", 10, CACHE_RANGE_WHOLE, "" },
		{ "Range: bytes=0-1,4-3", 10, CACHE_RANGE_WHOLE, "" },
		{ "Range: bytes=", 10, CACHE_RANGE_WHOLE, "" },
		{ "Range: bytes=-", 10, CACHE_RANGE_WHOLE, "" },
		{ "Range: bytes=a-b", 10, CACHE_RANGE_WHOLE, "" },
		{ "Range: bytes=1", 10, CACHE_RANGE_WHOLE, "" },
		{ "Range: bytes=1--2", 10, CACHE_RANGE_WHOLE, "" },
		{ "Range: bytes =0-1", 10, CACHE_RANGE_WHOLE, "" },
		{ "Range: lines=0-1", 10, CACHE_RANGE_WHOLE, "" },
		{ "Range: bytes", 10, CACHE_RANGE_WHOLE, "" },
		{ "Range: bytes=0-1\nRange: bytes=0-1", 10, CACHE_RANGE_WHOLE, "" },
		{ "Range: bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14", 100, CACHE_RANGE_PARTS,
		  "0+1 2+1 4+1 6+1 8+1 10+1 12+1 14+1" },
		{ "Range: bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16", 100, CACHE_RANGE_WHOLE, "" },
		{ "Range: bytes=0-4", CACHE_NO_SIZE, CACHE_RANGE_PARTS, "0+5" },
		{ "Range: bytes=0-4,7-", CACHE_NO_SIZE, CACHE_RANGE_UNKNOWN, "" },
		{ "Range: bytes=-4", CACHE_NO_SIZE, CACHE_RANGE_UNKNOWN, "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct by_hand h;
		struct cache_ranges ranges;
		char parts[256] = "";
		enum cache_range_verdict v = cache_ranges_read(fields_of(&h, rows[i].request), rows[i].full, &ranges);
		for (uint32_t k = 0; v == CACHE_RANGE_PARTS && k < ranges.n; k++)
			snprintf(parts + strlen(parts), sizeof(parts) - strlen(parts), "%s%lld+%lld", k ? " " : "",
			    (long long)ranges.at[k].first, (long long)ranges.at[k].bytes);
		if (v != rows[i].verdict || strcmp(parts, rows[i].parts) != 0)
			fail_msg("%s of %lld: %d %s", rows[i].request, (long long)rows[i].full, v, parts);
	}
}

static void
several_parts_are_one_body_of_the_size_that_was_said(void **state)
{
	static const struct cache_ranges ranges = { 2, { { 0, 2 }, { 7, 3 } } };
	struct text type = text_of("text/plain"), none = text_of(""), boundary = text_of("x1");
	char head[CACHE_PART_HEAD_MAX], range[CACHE_CONTENT_RANGE_MAX];
	struct buf body = { 0 };

	for (uint32_t i = 0; i <= ranges.n; i++) {
		buf_append(&body, head, cache_part_head_write(&ranges, i, 10, type, boundary, head));
		if (i < ranges.n)
			buf_append(&body, "0123456789" + ranges.at[i].first, (size_t)ranges.at[i].bytes);
	}
	assert_string_equal(buf_text(&body), "--x1\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
	    "\r\n--x1\r\nContent-Type: text/plain\r\nContent-Range: bytes 7-9/10\r\n\r\n789\r\n--x1--\r\n");
	assert_true(cache_parts_bytes(&ranges, 10, type, boundary) == (int64_t)body.size);
	assert_int_equal(cache_part_head_write(&ranges, 0, 10, none, boundary, head),
	    strlen("--x1\r\nContent-Range: bytes 0-1/10\r\n\r\n"));
	cache_content_range_write(&ranges.at[1], CACHE_NO_SIZE, range);
	assert_string_equal(range, "bytes 7-9/*");
	cache_content_range_write(NULL, 10, range);
	assert_string_equal(range, "bytes */10");
	buf_done(&body);
}

static struct cache_terms
part(int64_t first, int64_t held, int64_t full)
{
	return (struct cache_terms){ .status = 206, .flags = TERMS_PARTIAL | TERMS_ETAG_STRONG, .first = first, .held = held,
		.full_bytes = full };
}

static void
one_gap_is_asked_for_and_no_more(void **state)
{
	static const struct { int64_t first, held, want_first, want; bool one; const char *field; } rows[] = {
		{ 0, 5, 0, 10, true, "bytes=5-" },
		{ 5, 5, 0, 10, true, "bytes=0-4" },
		{ 2, 5, 0, 10, false, "" },
		{ 2, 5, 4, 4, true, "bytes=7-7" },
		{ 2, 5, 7, 3, true, "bytes=7-" },
		{ 2, 5, 0, 2, true, "bytes=0-1" },
		{ 2, 5, 0, 3, true, "bytes=0-1" },
		{ 2, 5, 8, 2, false, "" },
		{ 2, 5, 0, 1, false, "" },
		{ 2, 5, 2, 5, false, "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cache_terms t = part(rows[i].first, rows[i].held, 10);
		struct cache_ranges want = { 1, { { rows[i].want_first, rows[i].want } } };
		struct cache_range gap;
		char field[CACHE_RANGE_FIELD_MAX] = "";
		bool one = cache_range_missing(&t, rows[i].want == 10 ? NULL : &want, &gap);
		if (one)
			cache_range_field_write(&gap, &t, field);
		if (one != rows[i].one || strcmp(field, rows[i].field) != 0)
			fail_msg("row %zu: %d %s", i, one, field);
		t.flags &= (uint16_t)~TERMS_ETAG_STRONG;
		assert_false(cache_range_missing(&t, NULL, &gap));
		t = part(rows[i].first, rows[i].held, CACHE_NO_SIZE);
		assert_false(cache_range_missing(&t, NULL, &gap));
	}
}

static void
parts_that_touch_become_one(void **state)
{
	static const struct { int64_t first, held, new_first, new_held; bool joined; int64_t before, after; } rows[] = {
		{ 0, 5, 5, 5, true, 5, 0 },
		{ 5, 5, 0, 5, true, 0, 5 },
		{ 0, 5, 3, 7, true, 3, 0 },
		{ 5, 5, 0, 7, true, 0, 3 },
		{ 0, 10, 3, 2, true, 3, 5 },
		{ 3, 2, 0, 10, true, 0, 0 },
		{ 2, 3, 5, 2, true, 3, 0 },
		{ 0, 4, 5, 5, false, 0, 0 },
		{ 6, 4, 0, 5, false, 0, 0 },
	};
	static const char all[] = "0123456789";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cache_terms old = part(rows[i].first, rows[i].held, 10), new = part(rows[i].new_first, rows[i].new_held, 10);
		struct cache_join join;
		char body[16] = "";
		bool joined = cache_range_join(&old, text_of("\"a\""), &new, text_of("\"a\""), &join);
		assert_int_equal(joined, rows[i].joined);
		if (!joined)
			continue;
		assert_true(join.old_before == rows[i].before && join.old_after == rows[i].after);
		memcpy(body, all + old.first, (size_t)join.old_before);
		strncat(body, all + new.first, (size_t)new.held);
		strncat(body, all + old.first + join.old_after_at, (size_t)join.old_after);
		assert_int_equal(strlen(body), join.terms.held);
		assert_memory_equal(body, all + join.terms.first, (size_t)join.terms.held);
		assert_int_equal(join.terms.status, join.terms.held == 10 ? 200 : 206);
		assert_int_equal((join.terms.flags & TERMS_PARTIAL) != 0, join.terms.held != 10);
	}
}

static void
parts_of_two_versions_stay_apart(void **state)
{
	struct cache_terms a = part(0, 5, 10), b = part(5, 5, 10), other_size = part(5, 5, 11), weak = part(5, 5, 10);
	struct cache_join join;

	weak.flags &= (uint16_t)~TERMS_ETAG_STRONG;
	assert_true(cache_range_join(&a, text_of("\"a\""), &b, text_of("\"a\""), &join));
	assert_false(cache_range_join(&a, text_of("\"a\""), &b, text_of("\"b\""), &join));
	assert_false(cache_range_join(&a, text_of("\"a\""), &other_size, text_of("\"a\""), &join));
	assert_false(cache_range_join(&a, text_of("\"a\""), &weak, text_of("\"a\""), &join));
}

RUN_TESTS(
	cmocka_unit_test(ranges_are_resolved_against_the_size),
	cmocka_unit_test(several_parts_are_one_body_of_the_size_that_was_said),
	cmocka_unit_test(one_gap_is_asked_for_and_no_more),
	cmocka_unit_test(parts_that_touch_become_one),
	cmocka_unit_test(parts_of_two_versions_stay_apart),
)
