/* SPDX-License-Identifier: MIT */
#include "trace/streams.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <nghttp2/nghttp2.h>

#include "base/map.h"

#define CONNECTIONS_MAX 4096   /* then all are forgotten */
#define BLOCK_MAX       16384
#define TABLE_MAX       65536  /* of a client's dynamic table, as services allow it */
#define TOLD_MAX        64     /* streams of one call that are told once only */
#define PATH_MAX_KEPT   120

enum { FRAME_HEAD = 9, FRAME_DATA = 0, FRAME_HEADERS = 1, FRAME_RESET = 3, FRAME_CONTINUATION = 9 };
enum { FLAG_END_HEADERS = 4, FLAG_PADDED = 8, FLAG_PRIORITY = 32 };

struct frame { uint32_t size, stream; uint8_t type, flags; };

struct connection {            /* of clients to the service */
	nghttp2_hd_inflater *inflater;    /* NULL: made when there is something for it */
	struct frame frame;        /* whose block goes on */
	uint32_t left;             /* bytes of it to come */
	uint32_t newest;           /* stream */
	size_t n_block, room;
	uint8_t *block;
	uint32_t block_stream;
	uint8_t block_flags;       /* of its first frame */
	bool known;                /* from its first byte */
};

struct streams {
	struct map ids;            /* socket -> index */
	struct connection **list;  size_t n, room;
};

struct taker {
	struct streams *s;
	const struct ev_io *e;
	struct connection *c;
	stream_fn fn;
	void *ctx;
	uint32_t told[TOLD_MAX];   size_t n_told;
};

struct streams *
streams_new(void)
{
	struct streams *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	return s;
}

static void
table_free(struct connection *c)
{
	if (c->inflater)
		nghttp2_hd_inflate_del(c->inflater);
	c->inflater = NULL;
}

static void
connection_clear(struct connection *c)
{
	table_free(c);
	free(c->block);
	*c = (struct connection){ 0 };
}

static void
forget_all(struct streams *s)
{
	for (size_t i = 0; i < s->n; i++) {
		connection_clear(s->list[i]);
		free(s->list[i]);
	}
	s->n = 0;
	map_done(&s->ids);
}

void
streams_free(struct streams *s)
{
	if (!s)
		return;
	forget_all(s);
	free(s->list);
	free(s);
}

void
streams_window(struct streams *s)
{
	forget_all(s);
}

static struct connection *
connection_of(struct streams *s, uint64_t sock)
{
	bool new;
	if (s->n == CONNECTIONS_MAX)
		forget_all(s);
	uint64_t *at = map_at(&s->ids, &sock, sizeof(sock), &new);
	if (!new)
		return s->list[*at];
	*at = s->n;
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->list = realloc(s->list, s->room * sizeof(struct connection *));
	}
	struct connection *c = calloc(1, sizeof(*c));
	if (!s->list || !c)
		abort();
	return s->list[s->n++] = c;
}

/* ---- header blocks ------------------------------------------------------------------------- */

/* Fills the table with entries that say nothing: what the client put there before is looked up
 * among them, and what it puts there from now on is found where the client has it. */
static void
prime(nghttp2_hd_inflater *inflater)
{
	static const uint8_t entry[] = { 0x40, 1, '?', 0 };   /* literal, to be kept: "?" and no value */
	enum { ENTRY_BYTES = 33, ENTRIES = NGHTTP2_DEFAULT_HEADER_TABLE_SIZE / ENTRY_BYTES };
	for (size_t i = 0; i < ENTRIES; i++) {
		nghttp2_nv nv;
		int flags = 0;
		if (nghttp2_hd_inflate_hd2(inflater, &nv, &flags, entry, sizeof(entry), 1) < 0)
			return;
		nghttp2_hd_inflate_end_headers(inflater);
	}
}

static nghttp2_hd_inflater *
inflater_new(bool known)
{
	nghttp2_hd_inflater *inflater;
	if (nghttp2_hd_inflate_new(&inflater))
		abort();
	nghttp2_hd_inflate_change_table_size(inflater, TABLE_MAX);
	if (!known)
		prime(inflater);
	return inflater;
}

/* All fields have to be read, so that the table stays the client's. */
static bool
inflate(nghttp2_hd_inflater *inflater, const uint8_t *at, size_t size, char path[PATH_MAX_KEPT])
{
	static const char name[] = ":path";
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t n = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, at, size, 1);
		if (n < 0)
			return false;
		at += n;
		size -= (size_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT && nv.namelen == sizeof(name) - 1 &&
		    !memcmp(nv.name, name, nv.namelen)) {
			size_t kept = nv.valuelen < PATH_MAX_KEPT ? nv.valuelen : PATH_MAX_KEPT - 1;
			memcpy(path, nv.value, kept);
			path[kept] = '\0';
		}
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			return nghttp2_hd_inflate_end_headers(inflater) == 0;
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && !n)
			return false;
	}
}

/* From now on what the table holds is not known. */
static void
lose_table(struct connection *c)
{
	table_free(c);
	c->known = false;
	c->n_block = 0;
	c->left = 0;
}

static void
tell(struct taker *t, enum stream_part part, uint32_t stream, const char *path)
{
	uint64_t key = t->e->sock ^ stream * UINT64_C(0x9e3779b97f4a7c15);
	for (size_t i = 0; i < t->n_told && part != STREAM_REQUEST; i++)
		if (t->told[i] == stream)
			return;
	if (t->n_told < TOLD_MAX)
		t->told[t->n_told++] = stream;
	t->fn(t->ctx, part, key, path);
}

static void
block_ends(struct taker *t)
{
	struct connection *c = t->c;
	char path[PATH_MAX_KEPT] = "";
	size_t pad = 0, skip = 0;
	if (c->block_flags & FLAG_PADDED)
		skip = 1, pad = c->n_block ? c->block[0] : 0;
	if (c->block_flags & FLAG_PRIORITY)
		skip += 5;
	if (!c->inflater)
		c->inflater = inflater_new(c->known);
	bool good = skip + pad <= c->n_block &&
	    inflate(c->inflater, c->block + skip, c->n_block - skip - pad, path);
	c->n_block = 0;
	if (c->block_stream > c->newest) {
		c->newest = c->block_stream;
		tell(t, STREAM_REQUEST, c->block_stream, path);
	} else {
		tell(t, STREAM_BODY, c->block_stream, NULL);   /* trailers */
	}
	if (!good)
		lose_table(c);
}

static void
block_add(struct taker *t, const uint8_t *bytes, size_t size)
{
	struct connection *c = t->c;
	size_t room = c->room ? c->room : 256;
	while (room < c->n_block + size)
		room *= 2;
	if (room > BLOCK_MAX) {
		lose_table(c);
		return;
	}
	if (room != c->room)
		c->block = realloc(c->block, c->room = room);
	if (!c->block)
		abort();
	memcpy(c->block + c->n_block, bytes, size);
	c->n_block += size;
}

/* ---- frames -------------------------------------------------------------------------------- */

/* As much of the block's frame as there is. */
static size_t
take_block(struct taker *t, const uint8_t *bytes, size_t size)
{
	struct connection *c = t->c;
	size_t n = size < c->left ? size : c->left;
	uint8_t flags = c->frame.flags;
	c->left -= (uint32_t)n;
	uint32_t left = c->left;
	block_add(t, bytes, n);
	if (!left && flags & FLAG_END_HEADERS)
		block_ends(t);
	return n;
}

static struct frame
frame_of(const uint8_t *b)
{
	return (struct frame){ .size = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2], .type = b[3],
		.flags = b[4], .stream = ((uint32_t)b[5] << 24 | (uint32_t)b[6] << 16 | (uint32_t)b[7] << 8 |
		b[8]) & 0x7fffffff };
}

static void
block_begins(struct connection *c, const struct frame *f)
{
	c->frame = *f;
	c->left = f->size;
	if (f->type == FRAME_CONTINUATION)
		return;
	c->n_block = 0;
	c->block_stream = f->stream;
	c->block_flags = f->flags;
}

static void
take_frame(struct taker *t, const struct frame *f)
{
	bool written = t->e->flags & EV_IO_WRITE;
	if (written && (f->type == FRAME_HEADERS || f->type == FRAME_DATA))
		tell(t, STREAM_ANSWER, f->stream, NULL);
	else if (!written && f->type == FRAME_DATA)
		tell(t, STREAM_BODY, f->stream, NULL);
	else if (!written && (f->type == FRAME_HEADERS || f->type == FRAME_CONTINUATION))
		block_begins(t->c, f);
}

/* What is not as it was left: something was lost, and the table with it. */
static size_t
begin(struct taker *t, size_t size)
{
	struct connection *c = t->c;
	const struct ev_io *e = t->e;
	if (e->flags & EV_IO_WRITE)
		return 0;
	if (e->flags & EV_IO_FIRST) {
		connection_clear(c);
		c->known = true;
	}
	if (c->left == e->pad)
		return 0;
	lose_table(c);
	return e->pad < size ? e->pad : size;
}

void
streams_take(struct streams *s, const struct ev_io *e, stream_fn fn, void *ctx)
{
	const uint8_t *bytes = (const uint8_t *)e->text;
	size_t size = e->begun;
	struct taker t = { .s = s, .e = e, .c = connection_of(s, e->sock), .fn = fn, .ctx = ctx };
	size_t at = begin(&t, size);
	while (at < size) {
		if (!(e->flags & EV_IO_WRITE) && t.c->left) {
			at += take_block(&t, bytes + at, size - at);
			continue;
		}
		if (size - at < FRAME_HEAD)
			break;
		struct frame f = frame_of(bytes + at);
		at += FRAME_HEAD;
		take_frame(&t, &f);
	}
	if (e->flags & EV_IO_CUT && !(e->flags & EV_IO_WRITE))
		lose_table(t.c);
}
