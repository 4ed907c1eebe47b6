/* SPDX-License-Identifier: MIT */
#include "net/websocket.h"

#include <string.h>

#include "net/websocket_open.h"

enum { OPENING, HEADER, PAYLOAD, CLOSED };
enum { CONTINUATION = 0, CLOSE = 8, PING = 9, PONG = 10 };   /* opcodes besides those of messages */
enum { NO_CODE = 1005 };                                     /* never sent (7.4.1) */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t
next_random(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void
websocket_start(struct websocket *p, const struct websocket_request *r, uint64_t seed,
    struct buf *keep, struct buf *out)
{
	websocket_done(p);
	p->seed = seed;
	p->keep = keep;
	p->head.cap_bytes = WEBSOCKET_HEAD_MAX;
	uint64_t random[2] = { next_random(&p->seed), next_random(&p->seed) };
	websocket_open_request(p, r, (const uint8_t *)random, out);
}

void
websocket_done(struct websocket *p)
{
	buf_done(&p->head);
	*p = (struct websocket){ 0 };
}

static enum websocket_verdict
bad(struct websocket *p, const char *why)
{
	p->why = why;
	return WEBSOCKET_BAD;
}

/* ---- frames out ---------------------------------------------------------------------------- */

static void
mask(char *bytes, size_t size, uint32_t key)
{
	uint64_t word, twice = (uint64_t)key << 32 | key;
	size_t i = 0;

	for (; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		word ^= twice;
		memcpy(bytes + i, &word, sizeof(word));
	}
	for (; i < size; i++)
		bytes[i] ^= ((const char *)&key)[i % 4];
}

/* The length as section 5.2 has it; how many bytes. */
static size_t
put_length(uint8_t *at, size_t size)
{
	size_t n = size <= WEBSOCKET_CONTROL_MAX ? 0 : size <= UINT16_MAX ? 2 : 8;

	at[0] = (uint8_t)(0x80 | (n == 0 ? size : n == 2 ? 126 : 127));
	for (size_t i = 0; i < n; i++)
		at[1 + i] = (uint8_t)((uint64_t)size >> 8 * (n - 1 - i));
	return 1 + n;
}

/* A whole frame or, at out's cap, nothing. */
static void
put_frame(struct websocket *p, uint8_t opcode, const void *bytes, size_t size, struct buf *out)
{
	uint8_t head[14] = { (uint8_t)(0x80 | opcode) };
	uint32_t key = (uint32_t)next_random(&p->seed);
	size_t before = out->size, n = 1 + put_length(head + 1, size);

	memcpy(head + n, &key, sizeof(key));
	buf_append(out, head, n + sizeof(key));
	size_t payload = out->size;
	buf_append(out, bytes, size);
	if (!out->truncated) {
		mask(out->data + payload, size, key);
	} else if (out->size > before) {
		out->size = before;
		out->data[before] = '\0';
	}
}

void
websocket_send(struct websocket *p, enum websocket_opcode opcode, const void *bytes, size_t size,
    struct buf *out)
{
	put_frame(p, (uint8_t)opcode, bytes, size, out);
}

void
websocket_close(struct websocket *p, uint16_t code, struct buf *out)
{
	if (!p->closing)
		put_frame(p, CLOSE, (uint8_t[]){ (uint8_t)(code >> 8), (uint8_t)code },
		    code == NO_CODE ? 0 : 2, out);
	p->closing = true;
}

/* ---- text ---------------------------------------------------------------------------------- */

static size_t
ascii_bytes(const char *bytes, size_t size)
{
	uint64_t word;
	size_t i = 0;

	for (; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < size && (uint8_t)bytes[i] < 0x80)
		i++;
	return i;
}

/* A character's first byte (RFC 3629, section 4): not overlong, no surrogate, not too large. */
static bool
utf8_begin(struct websocket_utf8 *u, uint8_t c)
{
	if (c < 0xc2 || c > 0xf4)
		return false;
	u->missing = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	u->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	u->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	return true;
}

static bool
utf8_bytes(struct websocket_utf8 *u, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size;) {
		if (!u->missing) {
			i += ascii_bytes(bytes + i, size - i);
			if (i < size && !utf8_begin(u, (uint8_t)bytes[i++]))
				return false;
			continue;
		}
		uint8_t c = (uint8_t)bytes[i++];
		if (c < u->low || c > u->high)
			return false;
		*u = (struct websocket_utf8){ (uint8_t)(u->missing - 1), 0x80, 0xbf };
	}
	return true;
}

/* ---- frames in ----------------------------------------------------------------------------- */

/* 7.4: what may stand in a close frame. */
static bool
is_close_code(uint16_t code)
{
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
	    (code >= 3000 && code <= 4999);
}

static enum websocket_verdict
close_end(struct websocket *p, struct buf *out)
{
	struct websocket_utf8 utf8 = { 0 };

	p->close_code = NO_CODE;
	if (p->control_size) {
		p->close_code = (uint16_t)(p->control[0] << 8 | p->control[1]);
		if (p->control_size < 2 || !is_close_code(p->close_code))
			return bad(p, "it closes with a code that may not be sent");
		if (!utf8_bytes(&utf8, (const char *)p->control + 2, p->control_size - 2u) || utf8.missing)
			return bad(p, "the reason of its close is not UTF-8");
	}
	websocket_close(p, p->close_code, out);
	p->state = CLOSED;
	return WEBSOCKET_CLOSED;
}

static enum websocket_verdict
message_end(struct websocket *p)
{
	p->text = p->message_opcode == WEBSOCKET_TEXT;
	p->message_opcode = 0;
	return p->text && p->utf8.missing ? bad(p, "a text message is not UTF-8") : WEBSOCKET_MESSAGE;
}

static enum websocket_verdict
frame_end(struct websocket *p, struct buf *out)
{
	p->state = HEADER;
	p->header_size = 0;
	switch (p->opcode) {
	case CLOSE:
		return close_end(p, out);
	case PING:
		if (out->size <= WEBSOCKET_UNSENT_MAX && !p->closing)
			put_frame(p, PONG, p->control, p->control_size, out);
		return WEBSOCKET_MORE;
	case PONG:
		return WEBSOCKET_MORE;
	}
	return p->fin ? message_end(p) : WEBSOCKET_MORE;
}

/* A frame of a message: its first, or one that goes on with it. */
static enum websocket_verdict
data_begin(struct websocket *p)
{
	if ((p->opcode == CONTINUATION) != (p->message_opcode != 0))
		return bad(p, "a fragment without its message, or within another one");
	if (p->opcode != CONTINUATION) {
		p->message_opcode = p->opcode;
		p->message_bytes = 0;
		p->utf8 = (struct websocket_utf8){ 0 };
		if (p->keep)
			buf_clear(p->keep);
	}
	if (p->left > (uint64_t)(WEBSOCKET_MESSAGE_MAX - p->message_bytes))
		return bad(p, "a message is too long");
	p->message_bytes += (int64_t)p->left;
	return WEBSOCKET_MORE;
}

/* The first two bytes of a frame: is it one that a server may send? */
static enum websocket_verdict
check_frame(struct websocket *p)
{
	uint8_t length = p->header[1] & 0x7f;

	p->fin = p->header[0] & 0x80;
	p->opcode = p->header[0] & 0x0f;
	if (p->header[0] & 0x70)
		return bad(p, "reserved bits are set");
	if (p->opcode > PONG || (p->opcode > WEBSOCKET_BINARY && p->opcode < CLOSE))
		return bad(p, "an opcode that does not exist");
	if (p->header[1] & 0x80)
		return bad(p, "a server's frame is masked");
	if (p->opcode >= CLOSE && (!p->fin || length > WEBSOCKET_CONTROL_MAX))
		return bad(p, "a control frame is fragmented or too long");
	return WEBSOCKET_MORE;
}

static size_t
header_bytes(const struct websocket *p)
{
	if (p->header_size < 2)
		return 2;
	uint8_t length = p->header[1] & 0x7f;
	return length < 126 ? 2 : length == 126 ? 4 : 10;
}

/* The payload's length, in the fewest bytes (5.2). */
static bool
read_length(struct websocket *p)
{
	p->left = p->header[1] & 0x7f;
	if (p->header_size == 2)
		return true;
	p->left = 0;
	for (size_t i = 2; i < p->header_size; i++)
		p->left = p->left << 8 | p->header[i];
	return p->header_size == 4 ? p->left > WEBSOCKET_CONTROL_MAX
	    : p->left > UINT16_MAX && p->left <= INT64_MAX;
}

static enum websocket_verdict
frame_begin(struct websocket *p, struct buf *out)
{
	enum websocket_verdict v = WEBSOCKET_MORE;

	if (!read_length(p))
		return bad(p, "a frame's length is not in its shortest form");
	p->control_size = 0;
	p->state = PAYLOAD;
	if (p->opcode < CLOSE)
		v = data_begin(p);
	return v != WEBSOCKET_MORE || p->left ? v : frame_end(p, out);
}

static enum websocket_verdict
take_header(struct websocket *p, const char *bytes, size_t size, size_t *ret_used, struct buf *out)
{
	enum websocket_verdict v = WEBSOCKET_MORE;

	for (*ret_used = 0; *ret_used < size && v == WEBSOCKET_MORE && p->state == HEADER;) {
		p->header[p->header_size++] = (uint8_t)bytes[(*ret_used)++];
		if (p->header_size == 2)
			v = check_frame(p);
		if (v == WEBSOCKET_MORE && p->header_size == header_bytes(p))
			return frame_begin(p, out);
	}
	return v;
}

static enum websocket_verdict
take_payload(struct websocket *p, const char *bytes, size_t size, size_t *ret_used, struct buf *out)
{
	size_t n = size < p->left ? size : (size_t)p->left;

	*ret_used = n;
	p->left -= n;
	if (p->opcode >= CLOSE) {
		memcpy(p->control + p->control_size, bytes, n);
		p->control_size += (uint8_t)n;
	} else {
		if (p->message_opcode == WEBSOCKET_TEXT && !utf8_bytes(&p->utf8, bytes, n))
			return bad(p, "a text message is not UTF-8");
		if (p->keep)
			buf_append_cut(p->keep, bytes, n);
	}
	return p->left ? WEBSOCKET_MORE : frame_end(p, out);
}

enum websocket_verdict
websocket_feed(struct websocket *p, const void *bytes, size_t size, size_t *ret_used,
    struct buf *out)
{
	const char *at = bytes;
	enum websocket_verdict v = WEBSOCKET_MORE;
	size_t used = 0, n = 0;

	while (v == WEBSOCKET_MORE && used < size) {
		switch (p->state) {
		case OPENING:
			v = websocket_open_feed(p, at + used, size - used, &n);
			p->state = v == WEBSOCKET_OPEN ? HEADER : OPENING;
			break;
		case HEADER:
			v = take_header(p, at + used, size - used, &n, out);
			break;
		case PAYLOAD:
			v = take_payload(p, at + used, size - used, &n, out);
			break;
		default:   /* nothing counts after a close */
			n = size - used;
		}
		used += n;
	}
	*ret_used = used;
	return v;
}
