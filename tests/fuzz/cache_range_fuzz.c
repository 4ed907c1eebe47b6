/* SPDX-License-Identifier: MIT */
/* Any bytes as Range and Content-Range: parts lie in the whole and apart from each other; what is written reads as
 * the same; joined parts hold each other's bytes. */
#include "cache/range.h"
#include "cache_fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_ranges(const struct http_fields *fields, int64_t full)
{
	struct cache_ranges r;

	if (cache_ranges_read(fields, full, &r) != CACHE_RANGE_PARTS)
		return;
	require(r.n > 0 && r.n <= CACHE_RANGES_MAX);
	for (uint32_t i = 0; i < r.n; i++) {
		int64_t end = r.at[i].first + r.at[i].bytes;
		require(r.at[i].first >= 0 && r.at[i].bytes > 0 && (full == CACHE_NO_SIZE || end <= full));
		for (uint32_t k = 0; k < i; k++)
			require(end < r.at[k].first || r.at[k].first + r.at[k].bytes < r.at[i].first);
	}
}

static void
check_join(struct cache_terms *a, int64_t first, int64_t held)
{
	struct cache_terms b = *a;
	struct text tag = { "\"a\"", 3 };
	struct cache_join j;

	b.first = first;
	b.held = held;
	if (!cache_range_join(a, tag, &b, tag, &j))
		return;
	require(j.terms.first <= a->first && j.terms.first <= first);
	require(j.terms.held == j.old_before + held + j.old_after);
	require(j.terms.first + j.terms.held >= a->first + a->held && j.terms.first + j.terms.held >= first + held);
	require(j.old_before <= a->held && j.old_after <= a->held && (!j.old_after || j.old_after_at + j.old_after == a->held));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t sizes[] = { 0, 1, 10, 1000, INT64_C(1) << 40, CACHE_NO_SIZE };
	struct http_field f = { { "range", 5 }, { (const char *)data, size } };
	struct http_fields fields = { &f, 1 };
	struct cache_terms t = { .flags = TERMS_PARTIAL | TERMS_ETAG_STRONG };
	char text[CACHE_CONTENT_RANGE_MAX];
	int64_t first, bytes, full;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check_ranges(&fields, sizes[i]);
	f.name = (struct text){ "content-range", 13 };
	if (!cache_content_range_read(&fields, &t.first, &t.held, &t.full_bytes))
		return 0;
	require(t.first >= 0 && t.held > 0 && (t.full_bytes == CACHE_NO_SIZE || t.first + t.held <= t.full_bytes));
	f.value = (struct text){ text, cache_content_range_write(&(struct cache_range){ t.first, t.held }, t.full_bytes, text) };
	require(cache_content_range_read(&fields, &first, &bytes, &full));
	require(first == t.first && bytes == t.held && full == t.full_bytes);
	for (int i = 0; i < 5; i++)
		check_join(&t, t.first / 4 * i, t.held / 3 + i);
	return 0;
}
