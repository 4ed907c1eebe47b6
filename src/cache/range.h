/* SPDX-License-Identifier: MIT */
/* Parts of representations (RFC 9110, section 14; RFC 9111, sections 3.3 and 3.4): which part is
 * asked, which is here, which is missing, and how parts join. Offsets and sizes in bytes. Pure. */
#pragma once

#include "cache/terms.h"
#include "net/http_fields.h"

#define CACHE_RANGES_MAX 8

struct cache_range {
	int64_t first, bytes;   /* bytes > 0 */
};

struct cache_ranges {
	uint32_t n;
	struct cache_range at[CACHE_RANGES_MAX];
};

enum cache_range_verdict {
	CACHE_RANGE_WHOLE,       /* 200: no Range that counts (none, another unit, malformed, too many) */
	CACHE_RANGE_PARTS,       /* 206 */
	CACHE_RANGE_OUTSIDE,     /* 416, with Content-Range of no part */
	CACHE_RANGE_UNKNOWN,     /* cannot be told without the size of the whole: ask the origin */
};

/* The parts that Range asks of a representation of full_bytes (or CACHE_NO_SIZE), those that
 * overlap or touch made one. More than CACHE_RANGES_MAX count as none: they would make answers dear
 * (section 17.15). */
enum cache_range_verdict cache_ranges_read(const struct http_fields *request, int64_t full_bytes,
    struct cache_ranges *ret);

/* Is all of it stored here? */
bool cache_ranges_held(const struct cache_ranges *ranges, const struct cache_terms *terms);

/* Content-Range of an answer that is one part: false when it has none, two, a wrong one, or several
 * parts. */
bool cache_content_range_read(const struct http_fields *answer, int64_t *ret_first,
    int64_t *ret_bytes, int64_t *ret_full);

#define CACHE_CONTENT_RANGE_MAX 72
/* "bytes 0-4/10", with an asterisk for a size that is not known, or, `part` NULL, for the range.
 * Returns the size. */
size_t cache_content_range_write(const struct cache_range *part, int64_t full_bytes,
    char out[CACHE_CONTENT_RANGE_MAX]);

/* ---- multipart/byteranges: several parts in one answer ---- */

#define CACHE_PART_HEAD_MAX 512
/* What stands before the i-th part's bytes; i == ranges->n: what ends the body. Returns the size.
 * Content-Type of the answer is multipart/byteranges; boundary=`boundary`, of 1 to 70 characters
 * that do not occur in the body: random ones. `content_type` of the whole, cut when it is too long,
 * may be empty. */
size_t cache_part_head_write(const struct cache_ranges *ranges, uint32_t i, int64_t full_bytes,
    struct text content_type, struct text boundary, char out[CACHE_PART_HEAD_MAX]);

/* Content-Length of all of that. */
int64_t cache_parts_bytes(const struct cache_ranges *ranges, int64_t full_bytes,
    struct text content_type, struct text boundary);

/* ---- joining ---- */

/* One part is here and more is wanted (`ranges` NULL: the whole): the one gap that, filled, makes
 * it complete. False when there is no such one gap, or the parts could not be told apart from those
 * of another version: then ask for all that is wanted. To be asked with If-Range and the strong
 * entity tag of what is here; a gap that reaches the end is asked open ("bytes=5-"). */
bool cache_range_missing(const struct cache_terms *terms, const struct cache_ranges *ranges,
    struct cache_range *ret);
#define CACHE_RANGE_FIELD_MAX 56
size_t cache_range_field_write(const struct cache_range *gap, const struct cache_terms *terms,
    char out[CACHE_RANGE_FIELD_MAX]);

struct cache_join {
	struct cache_terms terms;        /* of the joined object; not TERMS_PARTIAL when it is whole */
	int64_t old_before, old_after;   /* bytes of the stored part that go before and after the new */
	int64_t old_after_at;            /* where the latter begin, in the stored part */
};

/* A new part and the stored one: the same strong entity tag, the same size of the whole, and they
 * touch or overlap (section 3.4). The new part's terms and fields hold. */
bool cache_range_join(const struct cache_terms *stored, struct text stored_etag,
    const struct cache_terms *part, struct text part_etag, struct cache_join *ret);
