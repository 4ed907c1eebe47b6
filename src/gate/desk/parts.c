/* SPDX-License-Identifier: MIT */
#include "gate/desk/parts.h"

#include <stdlib.h>
#include <sys/random.h>

#include "cache/head.h"

#define TYPE_MAX       200
#define BOUNDARY_BYTES 12

struct parts {
	struct cache_ranges ranges;
	int64_t full_bytes, first;          /* of the representation; where the stored body begins in it */
	uint32_t at;                        /* the next one; ranges.n: the end */
	char type[TYPE_MAX];
	size_t type_size;
	char boundary[2 * BOUNDARY_BYTES];
};

static struct text
boundary_of(const struct parts *p)
{
	return (struct text){ p->boundary, sizeof(p->boundary) };
}

static struct text
type_of(const struct parts *p)
{
	return (struct text){ p->type, p->type_size };
}

static bool
draw_boundary(struct parts *p)
{
	unsigned char random[BOUNDARY_BYTES];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return false;
	for (size_t i = 0; i < sizeof(random); i++) {
		p->boundary[2 * i] = "0123456789abcdef"[random[i] >> 4];
		p->boundary[2 * i + 1] = "0123456789abcdef"[random[i] & 15];
	}
	return true;
}

struct parts *
parts_new(const struct cache_ranges *ranges, const struct cache_terms *terms, struct text head)
{
	struct parts *p = calloc(1, sizeof(*p));
	struct http_field f;

	if (!p || !draw_boundary(p)) {
		free(p);
		return NULL;
	}
	p->ranges = *ranges;
	p->full_bytes = terms->full_bytes;
	p->first = terms->first;
	while (cache_head_next(&head, &f))
		if (text_is(f.name, "Content-Type") && f.value.size <= TYPE_MAX) {
			p->type_size = f.value.size;
			memcpy(p->type, f.value.at, f.value.size);
		}
	return p;
}

void
parts_put_type(const struct parts *p, struct buf *b)
{
	buf_puts(b, "Content-Type: multipart/byteranges; boundary=");
	buf_append(b, p->boundary, sizeof(p->boundary));
	buf_append(b, "\r\n", 2);
}

int64_t
parts_bytes(const struct parts *p)
{
	return cache_parts_bytes(&p->ranges, p->full_bytes, type_of(p), boundary_of(p));
}

bool
parts_left(const struct parts *p)
{
	return p->at <= p->ranges.n;
}

size_t
parts_next(struct parts *p, char out[CACHE_PART_HEAD_MAX], uint64_t *ret_at, uint64_t *ret_end)
{
	uint32_t i = p->at++;

	*ret_at = *ret_end = 0;
	if (i < p->ranges.n) {
		*ret_at = (uint64_t)(p->ranges.at[i].first - p->first);
		*ret_end = *ret_at + (uint64_t)p->ranges.at[i].bytes;
	}
	return cache_part_head_write(&p->ranges, i, p->full_bytes, type_of(p), boundary_of(p), out);
}
