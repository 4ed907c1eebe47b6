/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "stats/histogram_codec.h"
#include "check.h"

static struct code_reader
reader_of(const struct buf *b)
{
	const unsigned char *at = (const unsigned char *)b->data;
	return (struct code_reader){ .at = at, .end = at + b->size };
}

static void
assert_same(const struct histogram *a, const struct histogram *b)
{
	struct histogram_cell x = { 0 }, y = { 0 };

	assert_int_equal(a->count, b->count);
	assert_int_equal(a->min, b->min);
	assert_int_equal(a->max, b->max);
	assert_true(a->sum == b->sum);
	for (;;) {
		bool more = histogram_next(a, &x);
		assert_int_equal(more, histogram_next(b, &y));
		if (!more)
			return;
		assert_int_equal(x.low, y.low);
		assert_int_equal(x.count, y.count);
	}
}

static void
numbers_come_back(void **state)
{
	static const uint64_t numbers[] = { 0, 1, 127, 128, 16383, 16384, UINT64_C(1) << 63, UINT64_MAX };
	struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		code_put(&b, numbers[i]);
	code_put_double(&b, -0.1);
	code_put_text(&b, "text/html");
	struct code_reader r = reader_of(&b);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_true(code_get(&r) == numbers[i]);
	assert_true(code_get_double(&r) == -0.1);
	char text[16];
	code_get_text(&r, text, sizeof(text));
	assert_string_equal(text, "text/html");
	assert_false(r.bad);
	assert_ptr_equal(r.at, r.end);
	buf_done(&b);
}

static void
histograms_come_back(void **state)
{
	static const int64_t spreads[] = { 1, 300, 1000000, INT64_C(40000000000) };
	srand(7);
	for (size_t s = 0; s < sizeof(spreads) / sizeof(spreads[0]); s++) {
		struct histogram h = { 0 }, back = { 0 };
		struct buf b = { 0 };
		for (int i = 0; i < 5000; i++)
			histogram_record(&h, (int64_t)((double)rand() / RAND_MAX * (double)spreads[s]));
		histogram_encode(&h, &b);
		struct code_reader r = reader_of(&b);
		histogram_decode(&r, &back);
		assert_false(r.bad);
		assert_ptr_equal(r.at, r.end);
		assert_same(&h, &back);
		histogram_done(&h);
		histogram_done(&back);
		buf_done(&b);
	}
}

static void
ends_of_the_scale_come_back(void **state)
{
	struct histogram h = { 0 }, back = { 0 }, empty = { 0 };
	struct buf b = { 0 };

	histogram_encode(&empty, &b);
	assert_int_equal(b.size, 1);
	histogram_record(&h, 0);
	histogram_record(&h, HISTOGRAM_MAX * 3);
	histogram_encode(&h, &b);
	struct code_reader r = reader_of(&b);
	histogram_decode(&r, &back);
	assert_int_equal(back.count, 0);
	histogram_decode(&r, &back);
	assert_false(r.bad);
	assert_same(&h, &back);
	histogram_done(&h);
	histogram_done(&back);
	buf_done(&b);
}

/* A second of traffic has to be small enough to be sent every second by many. */
static void
a_busy_second_is_small(void **state)
{
	struct histogram h = { 0 };
	struct buf b = { 0 };

	srand(3);
	for (int i = 0; i < 20000; i++)
		histogram_record(&h, (int64_t)(-log1p(-(double)rand() / RAND_MAX * 0.9999) * 1e6));
	histogram_encode(&h, &b);
	assert_true(b.size < 6000);
	histogram_done(&h);
	buf_done(&b);
}

static void
half_a_histogram_is_none(void **state)
{
	struct histogram h = { 0 }, back;
	struct buf b = { 0 };

	for (int i = 1; i < 40; i++)
		histogram_record_n(&h, i * 1000, i);
	histogram_encode(&h, &b);
	for (size_t size = 0; size < b.size; size++) {
		struct code_reader r = reader_of(&b);
		r.end = r.at + size;
		histogram_decode(&r, &back);
		assert_true(r.bad);
		assert_int_equal(back.count, 0);
		for (int o = 0; o < HISTOGRAM_OCTAVES; o++)
			assert_null(back.octave[o]);
	}
	histogram_done(&h);
	buf_done(&b);
}

struct lie { const char *label; uint64_t count, min, max; double sum; uint64_t cells, skipped, held; };

static void
what_contradicts_itself_is_none(void **state)
{
	static const struct lie lies[] = {
		{ "a count of its own", 5, 100, 100, 500, 1, 100, 4 },
		{ "a minimum elsewhere", 4, 90, 100, 400, 1, 100, 4 },
		{ "a maximum elsewhere", 4, 100, 110, 400, 1, 100, 4 },
		{ "no buckets", 4, 100, 100, 400, 0, 0, 0 },
		{ "an empty bucket", 4, 100, 100, 400, 1, 100, 0 },
		{ "a bucket beyond the last", 4, 100, 100, 400, 1, 37 * 256, 4 },
		{ "a sum too large", 4, 100, 100, 401, 1, 100, 4 },
		{ "a sum that is no number", 4, 100, 100, NAN, 1, 100, 4 },
		{ "endless counts", UINT64_MAX, 100, 100, 400, 1, 100, UINT64_MAX },
	};
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		const struct lie *l = &lies[i];
		struct histogram back;
		struct buf b = { 0 };
		code_put(&b, l->count);
		code_put(&b, l->min);
		code_put(&b, l->max);
		code_put_double(&b, l->sum);
		code_put(&b, l->cells);
		code_put(&b, l->skipped);
		code_put(&b, l->held);
		struct code_reader r = reader_of(&b);
		histogram_decode(&r, &back);
		if (!r.bad)
			fail_msg("%s was taken", l->label);
		assert_int_equal(back.count, 0);
		buf_done(&b);
	}
}

RUN_TESTS(cmocka_unit_test(numbers_come_back), cmocka_unit_test(histograms_come_back),
    cmocka_unit_test(ends_of_the_scale_come_back), cmocka_unit_test(a_busy_second_is_small),
    cmocka_unit_test(half_a_histogram_is_none), cmocka_unit_test(what_contradicts_itself_is_none))
