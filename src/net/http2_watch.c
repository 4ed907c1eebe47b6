/* SPDX-License-Identifier: MIT */
#include "net/http2_watch.h"

#include <string.h>

#include <nghttp2/nghttp2.h>

#define PREFACE_BYTES 24

/* Frames that cost the peer nothing: so many at once, and so many a second. Browsers that leave a page reset what it
 * has asked for. */
#define BUDGET_FRAMES     1000
#define BUDGET_NS_A_FRAME INT64_C(10000000)

struct head {
	uint32_t size;
	uint8_t type, flags;
	int32_t stream;
};

void
http2_watch_start(struct http2_watch *w, int64_t now_ns)
{
	*w = (struct http2_watch){ .skip = PREFACE_BYTES, .budget = BUDGET_FRAMES, .filled_ns = now_ns };
}

/* ---- floods ---------------------------------------------------------------------------------- */

static bool
costs_nothing(const struct head *f)
{
	switch (f->type) {
	case NGHTTP2_PING:
	case NGHTTP2_SETTINGS:
		return !(f->flags & NGHTTP2_FLAG_ACK);
	case NGHTTP2_DATA:
		return !f->size && !(f->flags & NGHTTP2_FLAG_END_STREAM);
	case NGHTTP2_RST_STREAM:
	case NGHTTP2_PRIORITY:
		return true;
	default:
		return false;
	}
}

static bool
may_spend(struct http2_watch *w, int64_t now_ns)
{
	int64_t earned = (now_ns - w->filled_ns) / BUDGET_NS_A_FRAME;

	if (earned > 0) {
		w->budget = earned < BUDGET_FRAMES - w->budget ? w->budget + earned : BUDGET_FRAMES;
		w->filled_ns += earned * BUDGET_NS_A_FRAME;
	}
	return w->budget-- > 0;
}

/* ---- streams --------------------------------------------------------------------------------- */

static void
note_opened(struct http2_watch *w, int32_t id)
{
	int32_t by = (id - w->last_id) / 2;

	w->opened = by < 64 ? w->opened << by : 0;
	w->finished = by < 64 ? w->finished << by : 0;
	w->opened |= 1;
	w->last_id = id;
}

/* Streams that we have ended are not its fault: it may not know yet. */
static uint32_t
look_at_stream(struct http2_watch *w, const struct head *f)
{
	bool has_body = f->type == NGHTTP2_HEADERS || f->type == NGHTTP2_DATA;
	bool finishes = has_body ? f->flags & NGHTTP2_FLAG_END_STREAM : f->type == NGHTTP2_RST_STREAM;

	if (f->stream % 2 == 0)
		return 0;
	if (f->type == NGHTTP2_HEADERS && f->stream > w->last_id)
		note_opened(w, f->stream);
	int32_t back = (w->last_id - f->stream) / 2;
	if (f->stream > w->last_id || back >= 64)
		return 0;
	if (has_body && (w->finished >> back & 1))
		return NGHTTP2_STREAM_CLOSED;
	if (has_body && !(w->opened >> back & 1))
		return NGHTTP2_PROTOCOL_ERROR;
	if (finishes)
		w->finished |= UINT64_C(1) << back;
	return 0;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static uint32_t
look(struct http2_watch *w, int64_t now_ns)
{
	const uint8_t *h = w->head;
	const struct head f = {
		.size = (uint32_t)h[0] << 16 | (uint32_t)h[1] << 8 | h[2], .type = h[3], .flags = h[4],
		.stream = (int32_t)((uint32_t)(h[5] & 0x7f) << 24 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 8 | h[8]),
	};

	w->skip = f.size;
	if (costs_nothing(&f) && !may_spend(w, now_ns))
		return NGHTTP2_ENHANCE_YOUR_CALM;
	w->continuations = f.type == NGHTTP2_CONTINUATION ? w->continuations + 1 : 0;
	if (w->continuations > HTTP2_CONTINUATIONS_MAX)
		return NGHTTP2_ENHANCE_YOUR_CALM;
	bool inside = w->in_head;
	if (f.type == NGHTTP2_HEADERS || f.type == NGHTTP2_CONTINUATION)
		w->in_head = !(f.flags & NGHTTP2_FLAG_END_HEADERS);
	return inside ? 0 : look_at_stream(w, &f);
}

bool
http2_watch_awaits_head(const struct http2_watch *w)
{
	uint8_t type = w->head[3];   /* of the frame that is coming */
	return w->in_head || (w->skip && (type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION));
}

uint32_t
http2_watch_feed(struct http2_watch *w, const void *bytes, size_t size, int64_t now_ns, size_t *ret_good)
{
	const uint8_t *p = bytes;
	size_t at = 0;
	uint32_t code = 0;

	*ret_good = size;
	while (at < size && !code) {
		size_t skip = w->skip < size - at ? w->skip : size - at;
		at += skip;
		w->skip -= (uint32_t)skip;
		size_t n = sizeof(w->head) - w->n < size - at ? sizeof(w->head) - w->n : size - at;
		memcpy(w->head + w->n, p + at, n);
		w->n += (uint8_t)n;
		if (w->n == sizeof(w->head)) {
			w->n = 0;
			code = look(w, now_ns);
			*ret_good = code ? at : size;
		}
		at += n;
	}
	return code;
}
