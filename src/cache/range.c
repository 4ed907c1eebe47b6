/* SPDX-License-Identifier: MIT */
#include "cache/range.h"

#include <ctype.h>
#include <stdio.h>

/* ---- reading ---- */

#define NUMBER_MAX INT64_C(1000000000000000000)   /* what is more counts as this */

/* Digits at the front of `t`; -1 without any. */
static int64_t
take_number(struct text *t)
{
	int64_t n = 0;
	size_t i = 0;

	for (; i < t->size && isdigit((unsigned char)t->at[i]); i++)
		n = n < NUMBER_MAX / 10 ? n * 10 + t->at[i] - '0' : NUMBER_MAX;
	t->at += i, t->size -= i;
	return i ? n : -1;
}

static bool
take_byte(struct text *t, char c)
{
	if (t->size == 0 || t->at[0] != c)
		return false;
	t->at++, t->size--;
	return true;
}

static bool
take_unit(struct text *t, char after)
{
	if (t->size < 6 || strncasecmp(t->at, "bytes", 5) != 0 || t->at[5] != after)
		return false;
	t->at += 6, t->size -= 6;
	return true;
}

/* Made one with the parts it overlaps or touches. */
static bool
add(struct cache_ranges *ranges, struct cache_range r)
{
	for (uint32_t i = 0; i < ranges->n; i++) {
		struct cache_range *have = &ranges->at[i];
		int64_t end = have->first + have->bytes;
		if (r.first > end || r.first + r.bytes < have->first)
			continue;
		int64_t first = r.first < have->first ? r.first : have->first;
		end = r.first + r.bytes > end ? r.first + r.bytes : end;
		r = (struct cache_range){ first, end - first };
		memmove(have, have + 1, (--ranges->n - i) * sizeof(*have));
		return add(ranges, r);
	}
	if (ranges->n == CACHE_RANGES_MAX)
		return false;
	ranges->at[ranges->n++] = r;
	return true;
}

enum spec { SPEC_BAD, SPEC_OUTSIDE, SPEC_UNKNOWN, SPEC_PART };

/* "0-4", "5-", "-3" */
static enum spec
read_spec(struct text t, int64_t full, struct cache_range *ret)
{
	bool suffix = t.size && t.at[0] == '-';
	int64_t first = suffix ? 0 : take_number(&t), last = -1;

	if (first < 0 || !take_byte(&t, '-'))
		return SPEC_BAD;
	bool open = t.size == 0;
	if ((open && suffix) || (!open && (last = take_number(&t)) < 0) || t.size ||
	    (!open && !suffix && last < first))
		return SPEC_BAD;
	if (full == CACHE_NO_SIZE) {
		*ret = (struct cache_range){ first, last - first + 1 };
		return open || suffix ? SPEC_UNKNOWN : SPEC_PART;
	}
	if (suffix) {
		first = last > full ? 0 : full - last;
		last = full - 1;
	}
	if (first >= full)
		return SPEC_OUTSIDE;
	last = open || last >= full ? full - 1 : last;
	*ret = (struct cache_range){ first, last - first + 1 };
	return SPEC_PART;
}

static enum cache_range_verdict
read_set(struct text value, int64_t full, struct cache_ranges *ret)
{
	bool any = false, unknown = false;

	for (bool more = true; more;) {
		const char *comma = value.size ? memchr(value.at, ',', value.size) : NULL;
		size_t n = comma ? (size_t)(comma - value.at) : value.size;
		struct text member = text_trim((struct text){ value.at, n });
		struct cache_range r;
		more = comma != NULL;
		value.at += n + more, value.size -= n + more;
		if (member.size == 0)
			continue;
		any = true;
		enum spec spec = read_spec(member, full, &r);
		if (spec == SPEC_BAD || (spec == SPEC_PART && !add(ret, r)))
			return CACHE_RANGE_WHOLE;
		unknown |= spec == SPEC_UNKNOWN;
	}
	return !any ? CACHE_RANGE_WHOLE : unknown ? CACHE_RANGE_UNKNOWN : ret->n ? CACHE_RANGE_PARTS :
	    CACHE_RANGE_OUTSIDE;
}

enum cache_range_verdict
cache_ranges_read(const struct http_fields *request, int64_t full_bytes, struct cache_ranges *ret)
{
	const struct http_field *f = http_field_next(request, "range", NULL);

	ret->n = 0;
	if (!f || http_field_next(request, "range", f))
		return CACHE_RANGE_WHOLE;
	struct text value = f->value;
	return take_unit(&value, '=') ? read_set(value, full_bytes, ret) : CACHE_RANGE_WHOLE;
}

bool
cache_ranges_held(const struct cache_ranges *ranges, const struct cache_terms *terms)
{
	if (!(terms->flags & TERMS_PARTIAL))
		return true;
	for (uint32_t i = 0; i < ranges->n; i++)
		if (ranges->at[i].first < terms->first ||
		    ranges->at[i].first + ranges->at[i].bytes > terms->first + terms->held)
			return false;
	return true;
}

bool
cache_content_range_read(const struct http_fields *answer, int64_t *ret_first, int64_t *ret_bytes,
    int64_t *ret_full)
{
	const struct http_field *f = http_field_next(answer, "content-range", NULL);
	int64_t first, last, full = CACHE_NO_SIZE;

	if (!f || http_field_next(answer, "content-range", f))
		return false;
	struct text t = f->value;
	if (!take_unit(&t, ' ') || (first = take_number(&t)) < 0 || !take_byte(&t, '-') ||
	    (last = take_number(&t)) < first || !take_byte(&t, '/'))
		return false;
	if (!take_byte(&t, '*') && (full = take_number(&t)) <= last)
		return false;
	*ret_first = first;
	*ret_bytes = last - first + 1;
	*ret_full = full;
	return t.size == 0;
}

/* ---- writing ---- */

size_t
cache_content_range_write(const struct cache_range *part, int64_t full_bytes,
    char out[CACHE_CONTENT_RANGE_MAX])
{
	char full[24] = "*", range[48] = "*";

	if (full_bytes != CACHE_NO_SIZE)
		snprintf(full, sizeof(full), "%lld", (long long)full_bytes);
	if (part)
		snprintf(range, sizeof(range), "%lld-%lld", (long long)part->first,
		    (long long)(part->first + part->bytes - 1));
	return (size_t)snprintf(out, CACHE_CONTENT_RANGE_MAX, "bytes %s/%s", range, full);
}

size_t
cache_part_head_write(const struct cache_ranges *ranges, uint32_t i, int64_t full_bytes,
    struct text content_type, struct text boundary, char out[CACHE_PART_HEAD_MAX])
{
	char range[CACHE_CONTENT_RANGE_MAX];
	int type_bytes = content_type.size > 200 ? 200 : (int)content_type.size;

	if (i == ranges->n)
		return (size_t)snprintf(out, CACHE_PART_HEAD_MAX, "\r\n--%.*s--\r\n", (int)boundary.size,
		    boundary.at);
	cache_content_range_write(&ranges->at[i], full_bytes, range);
	return (size_t)snprintf(out, CACHE_PART_HEAD_MAX,
	    "%s--%.*s\r\n%s%.*s%sContent-Range: %s\r\n\r\n", i ? "\r\n" : "", (int)boundary.size,
	    boundary.at, type_bytes ? "Content-Type: " : "", type_bytes, content_type.at,
	    type_bytes ? "\r\n" : "", range);
}

int64_t
cache_parts_bytes(const struct cache_ranges *ranges, int64_t full_bytes, struct text content_type,
    struct text boundary)
{
	char head[CACHE_PART_HEAD_MAX];
	int64_t sum = 0;

	for (uint32_t i = 0; i <= ranges->n; i++)
		sum += (int64_t)cache_part_head_write(ranges, i, full_bytes, content_type, boundary, head) +
		    (i < ranges->n ? ranges->at[i].bytes : 0);
	return sum;
}

/* ---- joining ---- */

bool
cache_range_missing(const struct cache_terms *terms, const struct cache_ranges *ranges,
    struct cache_range *ret)
{
	struct cache_range want = { 0, terms->full_bytes };
	int64_t have_end = terms->first + terms->held;

	if (!(terms->flags & TERMS_PARTIAL) || !(terms->flags & TERMS_ETAG_STRONG) ||
	    terms->full_bytes == CACHE_NO_SIZE || (ranges && ranges->n != 1))
		return false;
	if (ranges)
		want = ranges->at[0];
	int64_t want_end = want.first + want.bytes;
	if (want.first >= terms->first && want.first <= have_end && want_end > have_end)
		*ret = (struct cache_range){ have_end, want_end - have_end };
	else if (want.first < terms->first && want_end >= terms->first && want_end <= have_end)
		*ret = (struct cache_range){ want.first, terms->first - want.first };
	else
		return false;
	return true;
}

size_t
cache_range_field_write(const struct cache_range *gap, const struct cache_terms *terms,
    char out[CACHE_RANGE_FIELD_MAX])
{
	int64_t end = gap->first + gap->bytes;

	if (end == terms->full_bytes)
		return (size_t)snprintf(out, CACHE_RANGE_FIELD_MAX, "bytes=%lld-", (long long)gap->first);
	return (size_t)snprintf(out, CACHE_RANGE_FIELD_MAX, "bytes=%lld-%lld", (long long)gap->first,
	    (long long)end - 1);
}

bool
cache_range_join(const struct cache_terms *stored, struct text stored_etag,
    const struct cache_terms *part, struct text part_etag, struct cache_join *ret)
{
	int64_t end = stored->first + stored->held, part_end = part->first + part->held;

	if (!(stored->flags & part->flags & TERMS_PARTIAL) ||
	    !(stored->flags & part->flags & TERMS_ETAG_STRONG) ||
	    stored_etag.size != part_etag.size ||
	    memcmp(stored_etag.at, part_etag.at, part_etag.size) != 0 ||
	    stored->full_bytes != part->full_bytes || part->first > end || part_end < stored->first)
		return false;
	*ret = (struct cache_join){ .terms = *part };
	ret->old_before = part->first > stored->first ? part->first - stored->first : 0;
	ret->old_after = end > part_end ? end - part_end : 0;
	ret->old_after_at = part_end - stored->first;
	ret->terms.first = part->first - ret->old_before;
	ret->terms.held = ret->old_before + part->held + ret->old_after;
	if (ret->terms.held == ret->terms.full_bytes) {
		ret->terms.flags &= (uint16_t)~TERMS_PARTIAL;
		ret->terms.status = 200;
	}
	return true;
}
