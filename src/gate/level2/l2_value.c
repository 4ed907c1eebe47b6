/* SPDX-License-Identifier: MIT */
#include "gate/level2/l2_value.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zstd.h>

#include "cache/head.h"
#include "cache/key.h"
#include "cache/vary.h"

#define VERSION    1
#define CHECK_AT   8
#define CHECKED_AT 16       /* the checksum is of what follows from here */
#define PACKED     1        /* bit of the third word */
#define FAST_FROM  ((size_t)64 << 10)   /* longer bodies are packed less well, so that nobody waits for it */
/* What a value may say of its response: nothing of parts, of what was invalidated or purged. */
#define FLAGS      (TERMS_NO_CACHE | TERMS_REVALIDATE | TERMS_HEURISTIC | TERMS_ETAG_STRONG | \
	TERMS_NO_TRANSFORM | TERMS_DATE | TERMS_OF_POST)

static const char magic[4] = "PrG2";

/* ---- numbers --------------------------------------------------------------------------------- */

static void
put(struct buf *out, uint64_t n, int bytes)
{
	char text[8];

	for (int i = 0; i < bytes; i++)
		text[i] = (char)(n >> 8 * i & 0xff);
	buf_append(out, text, (size_t)bytes);
}

static void
put_text(struct buf *out, struct text t)
{
	buf_append(out, t.at, t.size);
}

/* What is left of the value. */
struct rest {
	const unsigned char *at;
	size_t size;
	bool short_;            /* it ended too early */
};

static uint64_t
take(struct rest *r, int bytes)
{
	uint64_t n = 0;

	if (r->size < (size_t)bytes) {
		r->short_ = true;
		return 0;
	}
	for (int i = 0; i < bytes; i++)
		n |= (uint64_t)r->at[i] << 8 * i;
	r->at += bytes;
	r->size -= (size_t)bytes;
	return n;
}

static struct text
take_text(struct rest *r, uint64_t size)
{
	struct text t = { (const char *)r->at, (size_t)size };

	if (r->size < size) {
		r->short_ = true;
		return (struct text){ 0 };
	}
	r->at += size;
	r->size -= (size_t)size;
	return t;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void
take_terms(struct rest *r, struct cache_terms *t)
{
	t->received_ns = (int64_t)take(r, 8);
	t->date_s = (int64_t)take(r, 8);
	t->modified_s = (int64_t)take(r, 8);
	t->initial_age_s = (int32_t)take(r, 4);
	t->lifetime_s = (int32_t)take(r, 4);
	t->stale_behind_s = (int32_t)take(r, 4);
	t->stale_error_s = (int32_t)take(r, 4);
	t->etag_at = (uint32_t)take(r, 4);
	t->etag_size = (uint16_t)take(r, 2);
	t->status = (uint16_t)take(r, 2);
	t->flags = (uint16_t)take(r, 2);
}

/* A head as head.h has it: nothing but whole lines, so that whoever serves it sends no more than fields. */
static bool
is_head(struct text head)
{
	struct http_field f;
	struct text rest = head;

	while (cache_head_next(&rest, &f)) {
		if (!f.name.size)
			return false;
		for (size_t i = 0; i < f.name.size; i++)
			if (f.name.at[i] <= ' ' || f.name.at[i] >= 0x7f)
				return false;
		for (size_t i = 0; i < f.value.size; i++)
			if ((unsigned char)f.value.at[i] < ' ' && f.value.at[i] != '\t')
				return false;
	}
	return head.size && !rest.size;
}

static bool
are_terms(const struct l2_value *v)
{
	const struct cache_terms *t = &v->terms;
	const int64_t far_s = INT64_C(1) << 33;

	return t->status >= 200 && t->status <= 599 && !(t->flags & ~FLAGS) && t->initial_age_s >= 0 &&
	    t->lifetime_s >= 0 && t->stale_behind_s >= 0 && t->stale_error_s >= 0 &&
	    t->received_ns >= 0 && t->received_ns / NS_PER_S < far_s &&
	    (t->date_s > -far_s && t->date_s < far_s) &&
	    (t->modified_s == CACHE_NO_TIME || (t->modified_s > -far_s && t->modified_s < far_s)) &&
	    (!t->etag_size || (uint64_t)t->etag_at + t->etag_size <= v->head.size);
}

static enum l2_verdict
read_rest(struct rest *r, uint64_t most, struct l2_value *v)
{
	v->known = take(r, 8);
	take_terms(r, &v->terms);
	uint64_t key = take(r, 4), vary = take(r, 4), head = take(r, 4);
	v->body_bytes = take(r, 8);
	uint64_t stored = take(r, 8);
	if (r->short_ || !key || key > CACHE_KEY_MAX || vary > CACHE_VARY_MAX ||
	    head > CACHE_HEAD_MAX || v->body_bytes > most)
		return L2_VALUE_CORRUPT;
	v->key = take_text(r, key);
	v->vary = take_text(r, vary);
	v->head = take_text(r, head);
	v->body = take_text(r, stored);
	v->terms.full_bytes = (int64_t)v->body_bytes;
	if (r->short_ || r->size || (!v->packed && v->body.size != v->body_bytes))
		return L2_VALUE_CORRUPT;
	if (v->varies)
		return v->vary.size && !v->body.size ? L2_VALUE_GOOD : L2_VALUE_CORRUPT;
	return is_head(v->head) && are_terms(v) ? L2_VALUE_GOOD : L2_VALUE_CORRUPT;
}

enum l2_verdict
l2_value_read(struct text bytes, uint64_t most, struct l2_value *ret)
{
	struct rest r = { (const unsigned char *)bytes.at, bytes.size, false };

	*ret = (struct l2_value){ 0 };
	if (bytes.size < sizeof(magic) + 1 || memcmp(bytes.at, magic, sizeof(magic)) != 0)
		return L2_VALUE_FOREIGN;
	take(&r, sizeof(magic));
	if (take(&r, 1) != VERSION)
		return L2_VALUE_NEWER;
	uint64_t kind = take(&r, 1), how = take(&r, 2), check = take(&r, 8);
	if (r.short_ || kind > 1 || how > PACKED || check != XXH3_64bits(r.at, r.size))
		return L2_VALUE_CORRUPT;
	ret->varies = kind;
	ret->packed = how & PACKED;
	return read_rest(&r, most, ret);
}

/* ---- packing --------------------------------------------------------------------------------- */

struct l2_packer {
	ZSTD_CCtx *in;
	ZSTD_DCtx *out;
	char *room;
	size_t size;
};

struct l2_packer *
l2_packer_new(void)
{
	struct l2_packer *p = calloc(1, sizeof(*p));

	if (!p || !(p->in = ZSTD_createCCtx()) || !(p->out = ZSTD_createDCtx()))
		abort();
	return p;
}

void
l2_packer_free(struct l2_packer *p)
{
	if (!p)
		return;
	ZSTD_freeCCtx(p->in);
	ZSTD_freeDCtx(p->out);
	free(p->room);
	free(p);
}

static void
make_room(struct l2_packer *p, size_t size)
{
	if (p->size >= size)
		return;
	free(p->room);
	p->room = malloc(size);
	if (!p->room)
		abort();
	p->size = size;
}

bool
l2_value_unpack(struct l2_packer *p, const struct l2_value *v, struct text *ret)
{
	*ret = v->body;
	if (!v->packed)
		return true;
	make_room(p, v->body_bytes ? v->body_bytes : 1);
	size_t n = ZSTD_decompressDCtx(p->out, p->room, v->body_bytes, v->body.at, v->body.size);
	*ret = (struct text){ p->room, n };
	return !ZSTD_isError(n) && n == v->body_bytes;
}

/* The body as it is to be stored: packed where that saves an eighth. */
static struct text
pack(struct l2_packer *p, struct text body)
{
	if (body.size < L2_PACK_MIN)
		return body;
	make_room(p, ZSTD_compressBound(body.size));
	size_t n = ZSTD_compressCCtx(p->in, p->room, p->size, body.at, body.size,
	    body.size > FAST_FROM ? -3 : 1);
	return ZSTD_isError(n) || n > body.size - body.size / 8 ? body : (struct text){ p->room, n };
}

/* ---- writing --------------------------------------------------------------------------------- */

static void
put_terms(struct buf *out, const struct cache_terms *t)
{
	put(out, (uint64_t)t->received_ns, 8);
	put(out, (uint64_t)t->date_s, 8);
	put(out, (uint64_t)t->modified_s, 8);
	put(out, (uint32_t)t->initial_age_s, 4);
	put(out, (uint32_t)t->lifetime_s, 4);
	put(out, (uint32_t)t->stale_behind_s, 4);
	put(out, (uint32_t)t->stale_error_s, 4);
	put(out, t->etag_at, 4);
	put(out, t->etag_size, 2);
	put(out, t->status, 2);
	put(out, t->flags & FLAGS, 2);
}

void
l2_value_write(struct l2_packer *p, const struct l2_value *v, struct buf *out)
{
	struct text stored = pack(p, v->body);
	size_t start = out->size;

	buf_append(out, magic, sizeof(magic));
	put(out, VERSION, 1);
	put(out, v->varies, 1);
	put(out, stored.at != v->body.at ? PACKED : 0, 2);
	put(out, 0, 8);
	put(out, v->known, 8);
	put_terms(out, &v->terms);
	put(out, v->key.size, 4);
	put(out, v->vary.size, 4);
	put(out, v->head.size, 4);
	put(out, v->body.size, 8);
	put(out, stored.size, 8);
	put_text(out, v->key);
	put_text(out, v->vary);
	put_text(out, v->head);
	put_text(out, stored);
	if (out->truncated)
		return;
	uint64_t check = XXH3_64bits(out->data + start + CHECKED_AT, out->size - start - CHECKED_AT);
	for (int i = 0; i < 8; i++)
		out->data[start + CHECK_AT + (size_t)i] = (char)(check >> 8 * i & 0xff);
}
