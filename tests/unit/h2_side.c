/* SPDX-License-Identifier: MIT */
#include "h2_side.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* ---- who serves ---- */

static struct http2_inbound *
on_opened(void *ctx)
{
	struct side *s = ctx;
	struct asked *a = calloc(1, sizeof(*a));

	s->opened++;
	a->next = s->all;
	s->all = a;
	return &a->in;
}

static struct asked *
asked_of(struct http2_inbound *in)
{
	return (struct asked *)(void *)in;
}

void
answer(struct side *s, struct asked *a)
{
	static char large[1 << 20];
	static const struct text head = { "HTTP/1.1 200 OK\r\nX-Tag: a b\r\nConnection: close\r\n\r\n", 49 };

	memset(large, 'x', sizeof(large));
	a->answer = large;
	a->left = s->answer_bytes;
	a->answered = true;
	assert_int_equal(http2_server_answer(&s->h, &a->in, head, false), 0);
}

static void
on_request(void *ctx, struct http2_inbound *in, struct text head, bool ended)
{
	struct side *s = ctx;

	buf_clear(&s->head);
	buf_append(&s->head, head.at, head.size);
	buf_clear(&s->body);
	s->ended = ended;
	if (!s->silent && ended && !memmem(head.at, head.size, "/wait", 5))
		answer(s, asked_of(in));
}

static void
on_body(void *ctx, struct http2_inbound *in, const char *bytes, size_t size)
{
	struct side *s = ctx;

	buf_append(&s->body, bytes, size);
	if (!s->keep_windows)
		http2_server_consumed(&s->h, in, size);
}

static void
on_body_ended(void *ctx, struct http2_inbound *in)
{
	struct side *s = ctx;

	assert_false(s->ended);
	s->ended = true;
	if (!s->silent)
		answer(s, asked_of(in));
}

static size_t
on_ready(void *ctx, struct http2_inbound *in, bool *ret_last)
{
	*ret_last = asked_of(in)->answered;
	return asked_of(in)->left;
}

static void
on_take(void *ctx, struct http2_inbound *in, size_t size, struct buf *out)
{
	struct asked *a = asked_of(in);

	assert_true(size <= a->left);
	buf_append(out, a->answer, size);
	a->answer += size;
	a->left -= size;
}

static void
on_closed(void *ctx, struct http2_inbound *in)
{
	struct side *s = ctx;

	assert_false(asked_of(in)->closed);
	asked_of(in)->closed = true;
	s->closed++;
}

static struct http2_server_sink sink = {
	.opened = on_opened, .request = on_request, .body = on_body, .body_ended = on_body_ended,
	.ready = on_ready, .take = on_take, .closed = on_closed,
};

void
side_open(struct side *s)
{
	static const struct http2_server_limits limits = { .streams = 100, .head_bytes = 8192 };

	*s = (struct side){ .answer_bytes = 5 };
	sink.ctx = s;
	assert_int_equal(http2_server_open(&s->h, &sink, &limits, &s->pool, 0), 0);
	assert_int_equal(nghttp2_hd_deflate_new(&s->packer, 4096), 0);
	buf_puts(&s->in, HTTP2_PREFACE);
}

void
side_close(struct side *s)
{
	http2_server_close(&s->h);
	http2_pool_done(&s->pool);
	nghttp2_hd_deflate_del(s->packer);
	while (s->all) {
		struct asked *a = s->all;
		s->all = a->next;
		free(a);
	}
	buf_done(&s->in);
	buf_done(&s->out);
	buf_done(&s->head);
	buf_done(&s->body);
}

/* ---- who asks ---- */

void
put_frame(struct buf *b, int type, int flags, uint32_t stream, const char *payload, size_t size)
{
	const unsigned char head[9] = {
		(unsigned char)(size >> 16), (unsigned char)(size >> 8), (unsigned char)size, (unsigned char)type,
		(unsigned char)flags, (unsigned char)(stream >> 24), (unsigned char)(stream >> 16),
		(unsigned char)(stream >> 8), (unsigned char)stream,
	};
	buf_append(b, head, sizeof(head));
	buf_append(b, payload, size);
}

void
pack_fields(struct side *s, const char *text, size_t size, struct buf *out)
{
	nghttp2_nv all[64];
	size_t n = 0;
	uint8_t block[16384];
	const char *end = text + size;

	while (text < end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *stop = comma ? comma : end, *is = memchr(text + 1, '=', (size_t)(stop - text - 1));
		all[n++] = (nghttp2_nv){
			.name = (uint8_t *)(uintptr_t)text, .namelen = (size_t)(is - text), .value = (uint8_t *)(uintptr_t)is + 1,
			.valuelen = (size_t)(stop - is - 1), .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME,
		};
		text = stop + 1;
	}
	ssize_t used = nghttp2_hd_deflate_hd(s->packer, block, sizeof(block), all, n);
	assert_true(used >= 0);
	buf_append(out, block, (size_t)used);
}

void
put_frames(struct side *s, const char *text)
{
	while (*text) {
		char *at;
		CLEANUP(buf_done) struct buf payload = { 0 };
		int type = (int)strtol(text, &at, 16), flags = (int)strtol(at + 1, &at, 16);
		uint32_t stream = (uint32_t)strtoul(at + 1, &at, 16);
		const char *p = at + 1, *end = strchr(p, ';');
		if (!end)
			end = p + strlen(p);
		for (; p < end && isxdigit((unsigned char)*p); p += 2) {
			char byte[3] = { p[0], p[1], '\0' };
			buf_putc(&payload, (char)strtol(byte, NULL, 16));
		}
		for (long n = *p == '~' ? strtol(p + 1, NULL, 10) : 0; n > 0; n--)
			buf_putc(&payload, '\0');
		if (*p == '@' && p + 1 == end)
			pack_fields(s, GET, strlen(GET), &payload);
		else if (*p == '@')
			pack_fields(s, p + 1, (size_t)(end - p) - 1, &payload);
		put_frame(&s->in, type, flags, stream, buf_text(&payload), payload.size);
		text = *end ? end + 1 : end;
	}
}

bool
carry(struct side *s, size_t piece)
{
	struct buf in = s->in;
	bool alive = true;

	s->in = (struct buf){ 0 };
	for (size_t at = 0; at < in.size && alive; at += piece) {
		size_t n = in.size - at < piece ? in.size - at : piece;
		char *copy = malloc(n);   /* so that a sanitizer sees a step outside */
		memcpy(copy, in.data + at, n);
		alive = http2_server_feed(&s->h, copy, n, s->now_ns);
		free(copy);
		do
			alive = http2_server_flush(&s->h, 1 << 16, &s->out) && alive;
		while (alive && s->h.more);
	}
	buf_done(&in);
	return alive;
}

/* ---- what came back ---- */

int
find_frame(const struct side *s, int type, uint32_t stream, const unsigned char **ret_payload, int *ret_flags)
{
	const unsigned char *p = (const unsigned char *)s->out.data, *end = p + s->out.size;

	while (end - p >= 9) {
		int size = p[0] << 16 | p[1] << 8 | p[2];
		uint32_t id = (uint32_t)p[5] << 24 | (uint32_t)p[6] << 16 | (uint32_t)p[7] << 8 | p[8];
		assert_true(end - p >= 9 + size);
		*ret_payload = p + 9;
		if (ret_flags)
			*ret_flags = p[4];
		if (p[3] == type && (!stream || id == stream))
			return size;
		p += 9 + size;
	}
	return -1;
}

int
code_of(const struct side *s, int type)
{
	const unsigned char *p;
	int size = find_frame(s, type, 0, &p, NULL);

	if (size < 0)
		return -1;
	p += type == NGHTTP2_GOAWAY ? 4 : 0;
	return p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

size_t
data_bytes(const struct side *s)
{
	const unsigned char *p = (const unsigned char *)s->out.data, *end = p + s->out.size;
	size_t n = 0;

	for (; end - p >= 9; p += 9 + (p[0] << 16 | p[1] << 8 | p[2]))
		if (p[3] == NGHTTP2_DATA)
			n += (size_t)(p[0] << 16 | p[1] << 8 | p[2]);
	return n;
}
