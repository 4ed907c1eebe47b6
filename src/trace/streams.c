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
#define METHOD_MAX      16
#define STATUS_RESET    502    /* the peer gave the stream up */
#define OPEN_MAX        256    /* of a connection; then the oldest is forgotten */

enum { FRAME_HEAD = 9, FRAME_DATA = 0, FRAME_HEADERS = 1, FRAME_RESET = 3, FRAME_CONTINUATION = 9 };
enum { FLAG_END_STREAM = 1, FLAG_END_HEADERS = 4, FLAG_PADDED = 8, FLAG_PRIORITY = 32 };

struct frame { uint32_t size, stream; uint8_t type, flags; };

struct side {                  /* one direction */
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

struct open { uint32_t stream; uint16_t status; };   /* asked by the service, its answer not ended */

struct connection {
	struct side sides[2];      /* read, written */
	struct open *open;         size_t n_open;   /* room for OPEN_MAX */
};

struct streams {
	struct map ids;            /* socket -> index */
	struct connection **list;  size_t n, room;
};

struct taker {
	struct streams *s;
	const struct ev_io *e;
	struct connection *c;
	struct side *side;
	bool asks, written;        /* the service is the client */
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
table_free(struct side *c)
{
	if (c->inflater)
		nghttp2_hd_inflate_del(c->inflater);
	c->inflater = NULL;
}

static void
connection_clear(struct connection *c)
{
	for (size_t i = 0; i < 2; i++) {
		table_free(&c->sides[i]);
		free(c->sides[i].block);
	}
	free(c->open);
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

/* What is kept of a header block. */
struct fields {
	char method[METHOD_MAX], path[PATH_MAX_KEPT];
	uint16_t status;           /* 0: none */
};

/* A gRPC answer says in its trailers how it went: of the codes those that HTTP has too. */
static uint16_t
status_of_grpc(int code)
{
	enum { UNKNOWN = 2, DEADLINE_EXCEEDED = 4, RESOURCE_EXHAUSTED = 8, INTERNAL = 13, UNAVAILABLE, DATA_LOSS };
	switch (code) {
	case RESOURCE_EXHAUSTED: return 429;
	case UNAVAILABLE:        return 503;
	case DEADLINE_EXCEEDED:  return 504;
	case UNKNOWN: case INTERNAL: case DATA_LOSS: return 500;
	default: return 0;
	}
}

static void
keep_field(struct fields *f, const nghttp2_nv *nv)
{
	static const struct { const char *name; size_t at, size; } texts[] = {
		{ ":method", offsetof(struct fields, method), METHOD_MAX },
		{ ":path", offsetof(struct fields, path), PATH_MAX_KEPT },
	};
	char number[8] = "";
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (nv->namelen != strlen(texts[i].name) || memcmp(nv->name, texts[i].name, nv->namelen) != 0)
			continue;
		char *to = (char *)f + texts[i].at;
		size_t kept = nv->valuelen < texts[i].size ? nv->valuelen : texts[i].size - 1;
		memcpy(to, nv->value, kept);
		to[kept] = '\0';
		return;
	}
	memcpy(number, nv->value, nv->valuelen < sizeof(number) ? nv->valuelen : sizeof(number) - 1);
	if (nv->namelen == 7 && !memcmp(nv->name, ":status", 7))
		f->status = (uint16_t)atoi(number);
	else if (nv->namelen == 11 && !memcmp(nv->name, "grpc-status", 11) && status_of_grpc(atoi(number)))
		f->status = status_of_grpc(atoi(number));
}

/* All fields have to be read, so that the table stays the sender's. */
static bool
inflate(nghttp2_hd_inflater *inflater, const uint8_t *at, size_t size, struct fields *f)
{
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t n = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, at, size, 1);
		if (n < 0)
			return false;
		at += n;
		size -= (size_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			keep_field(f, &nv);
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			return nghttp2_hd_inflate_end_headers(inflater) == 0;
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && !n)
			return false;
	}
}

/* From now on what the table holds is not known. */
static void
lose_table(struct side *c)
{
	table_free(c);
	c->known = false;
	c->n_block = 0;
	c->left = 0;
}

/* ---- streams that the service opened -------------------------------------------------------- */

static struct open *
open_of(const struct connection *c, uint32_t stream)
{
	for (size_t i = 0; i < c->n_open; i++)
		if (c->open[i].stream == stream)
			return &c->open[i];
	return NULL;
}

static void
close_stream(struct connection *c, struct open *o)
{
	size_t at = (size_t)(o - c->open);
	memmove(o, o + 1, (--c->n_open - at) * sizeof(*o));
}

static void
open_stream(struct connection *c, uint32_t stream)
{
	if (!c->open)
		c->open = calloc(OPEN_MAX, sizeof(*c->open));
	if (!c->open)
		abort();
	if (c->n_open == OPEN_MAX)
		close_stream(c, c->open);
	c->open[c->n_open++] = (struct open){ .stream = stream };
}

/* ---- telling -------------------------------------------------------------------------------- */

static void
tell(struct taker *t, struct stream_told told, uint32_t stream)
{
	bool once = told.part == STREAM_BODY || told.part == STREAM_ANSWER;
	told.key = t->e->sock ^ stream * UINT64_C(0x9e3779b97f4a7c15);
	for (size_t i = 0; i < t->n_told && once; i++)
		if (t->told[i] == stream)
			return;
	if (t->n_told < TOLD_MAX)
		t->told[t->n_told++] = stream;
	t->fn(t->ctx, &told);
}

/* Of a stream that a peer answers: when it was asked before the window it is nobody's. */
static void
answer_goes_on(struct taker *t, uint32_t stream, uint16_t status, bool ends)
{
	struct open *o = open_of(t->c, stream);
	if (!o)
		return;
	o->status = status ? status : o->status;
	tell(t, (struct stream_told){ .part = STREAM_ANSWER }, stream);
	if (!ends)
		return;
	tell(t, (struct stream_told){ .part = STREAM_END, .status = o->status }, stream);
	close_stream(t->c, o);
}

static void
block_ends(struct taker *t)
{
	struct side *c = t->side;
	struct fields f = { 0 };
	size_t pad = 0, skip = 0;
	if (c->block_flags & FLAG_PADDED)
		skip = 1, pad = c->n_block ? c->block[0] : 0;
	if (c->block_flags & FLAG_PRIORITY)
		skip += 5;
	if (!c->inflater)
		c->inflater = inflater_new(c->known);
	bool good = skip + pad <= c->n_block &&
	    inflate(c->inflater, c->block + skip, c->n_block - skip - pad, &f);
	c->n_block = 0;
	if (t->asks && !t->written) {
		answer_goes_on(t, c->block_stream, f.status, c->block_flags & FLAG_END_STREAM);
	} else if (c->block_stream > c->newest) {
		c->newest = c->block_stream;
		if (t->asks)
			open_stream(t->c, c->block_stream);
		tell(t, (struct stream_told){ .part = STREAM_REQUEST, .method = f.method, .path = f.path },
		    c->block_stream);
	} else {
		tell(t, (struct stream_told){ .part = STREAM_BODY }, c->block_stream);   /* trailers */
	}
	if (!good)
		lose_table(c);
}

static void
block_add(struct taker *t, const uint8_t *bytes, size_t size)
{
	struct side *c = t->side;
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
	struct side *c = t->side;
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
block_begins(struct side *c, const struct frame *f)
{
	c->frame = *f;
	c->left = f->size;
	if (f->type == FRAME_CONTINUATION)
		return;
	c->n_block = 0;
	c->block_stream = f->stream;
	c->block_flags = f->flags;
}

/* What the service answers is of interest only for when it does. */
static bool
has_blocks(const struct taker *t)
{
	return t->asks || !t->written;
}

static void
take_data(struct taker *t, const struct frame *f)
{
	if (t->asks && !t->written)
		answer_goes_on(t, f->stream, 0, f->flags & FLAG_END_STREAM);
	else
		tell(t, (struct stream_told){ .part = t->asks || !t->written ? STREAM_BODY : STREAM_ANSWER },
		    f->stream);
}

static void
take_frame(struct taker *t, const struct frame *f)
{
	if (f->type == FRAME_DATA)
		take_data(t, f);
	else if (f->type == FRAME_RESET && t->asks && !t->written)
		answer_goes_on(t, f->stream, STATUS_RESET, true);
	else if ((f->type == FRAME_HEADERS || f->type == FRAME_CONTINUATION) && has_blocks(t))
		block_begins(t->side, f);
	else if (f->type == FRAME_HEADERS)
		tell(t, (struct stream_told){ .part = STREAM_ANSWER }, f->stream);
}

/* What is not as it was left: something was lost, and the table with it. */
static size_t
begin(struct taker *t, size_t size)
{
	const struct ev_io *e = t->e;
	if (!has_blocks(t))
		return 0;
	if (e->flags & EV_IO_FIRST) {
		connection_clear(t->c);
		t->c->sides[0].known = t->c->sides[1].known = true;
	}
	if (t->side->left == e->pad)
		return 0;
	lose_table(t->side);
	return e->pad < size ? e->pad : size;
}

void
streams_take(struct streams *s, const struct ev_io *e, stream_fn fn, void *ctx)
{
	const uint8_t *bytes = (const uint8_t *)e->text;
	size_t size = e->begun;
	struct taker t = { .s = s, .e = e, .c = connection_of(s, e->sock), .fn = fn, .ctx = ctx,
		.asks = !(e->flags & EV_IO_SERVER), .written = e->flags & EV_IO_WRITE };
	t.side = &t.c->sides[t.written];
	size_t at = begin(&t, size);
	while (at < size) {
		if (has_blocks(&t) && t.side->left) {
			at += take_block(&t, bytes + at, size - at);
			continue;
		}
		if (size - at < FRAME_HEAD)
			break;
		struct frame f = frame_of(bytes + at);
		at += FRAME_HEAD;
		take_frame(&t, &f);
	}
	if (e->flags & EV_IO_CUT && has_blocks(&t))
		lose_table(t.side);
}
