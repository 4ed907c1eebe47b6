/* SPDX-License-Identifier: MIT */
#include "net/http1_body.h"

#include "base/hex.h"
#include "net/http1_head.h"

#define EXTENSION_MAX 256
#define TRAILERS_MAX  ((uint32_t)16 << 10)
#define DIGITS_MAX    15     /* of a chunk's size: stays below 2^60 */

enum {
	ENDED, LENGTH, TO_END,
	SIZE, EXTENSION_NAME, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF,
	TRAILER, TRAILER_NAME, TRAILER_VALUE, TRAILER_LF, LAST_LF,
};

void
http1_body_start(struct http1_body *b, enum http1_framing framing, int64_t length)
{
	static const int states[] = {
		[HTTP1_NO_BODY] = ENDED, [HTTP1_LENGTH] = LENGTH,
		[HTTP1_CHUNKED] = SIZE, [HTTP1_TO_END] = TO_END,
	};

	*b = (struct http1_body){ .state = states[framing], .left = framing == HTTP1_LENGTH ? length : 0 };
	if (framing == HTTP1_LENGTH && !length)
		b->state = ENDED;
}

bool
http1_body_ended(const struct http1_body *b)
{
	return b->state == ENDED;
}

bool
http1_body_to_end(const struct http1_body *b)
{
	return b->state == TO_END;
}

/* ---- the framing of chunks, a byte at a time ------------------------------------------------- */

static bool
bad(struct http1_body *b, const char *why)
{
	b->why = why;
	return false;
}

/* The end of the line with the size. */
static bool
size_known(struct http1_body *b)
{
	b->state = b->left ? DATA : TRAILER;
	b->digits = 0;
	b->extra = 0;
	return true;
}

static bool
size_byte(struct http1_body *b, unsigned char c)
{
	int digit = hex_digit((char)c);

	if (digit >= 0 && b->digits == DIGITS_MAX)
		return bad(b, "chunk size out of range");
	if (digit >= 0) {
		b->left = b->left * 16 + digit;
		b->digits++;
		return true;
	}
	if (!b->digits)
		return bad(b, "malformed chunk size");
	if (c == '\n' && b->lenient)
		return size_known(b);
	if (c != '\r' && c != ';' && !(b->lenient && (c == ' ' || c == '\t')))
		return bad(b, "malformed chunk size");
	b->state = c == '\r' ? SIZE_LF : b->lenient ? EXTENSION : EXTENSION_NAME;
	return true;
}

static bool
extension_byte(struct http1_body *b, unsigned char c)
{
	if (b->state == EXTENSION_NAME && !http1_is_token(c))
		return bad(b, "malformed chunk extension");
	if (++b->extra > EXTENSION_MAX)
		return bad(b, "a chunk extension is too long");
	if (c == '\n' && b->lenient)
		return size_known(b);
	b->state = c == '\r' ? SIZE_LF : c == ';' && !b->lenient ? EXTENSION_NAME : EXTENSION;
	return c == '\r' || http1_is_text(c) || bad(b, "control character in a chunk extension");
}

static bool
trailer_byte(struct http1_body *b, unsigned char c)
{
	bool line_end = c == '\n' && b->lenient;

	if (++b->extra > TRAILERS_MAX)
		return bad(b, "the trailers are too large");
	if (b->state == TRAILER && (c == '\r' || line_end)) {
		b->state = line_end ? ENDED : LAST_LF;
		return true;
	}
	if (b->state == TRAILER_VALUE) {
		b->state = c == '\r' ? TRAILER_LF : line_end ? TRAILER : TRAILER_VALUE;
		return c == '\r' || line_end || http1_is_text(c) || bad(b, "control character in a header");
	}
	if (b->state == TRAILER_NAME && c == ':')
		b->state = TRAILER_VALUE;
	else if (http1_is_token(c))
		b->state = TRAILER_NAME;
	else
		return bad(b, "malformed header line");
	return true;
}

static bool
line_feed(struct http1_body *b, unsigned char c)
{
	if (c != '\n')
		return bad(b, b->state == DATA_LF ? "a chunk is longer than its size says"
		    : "a line ends in a carriage return alone");
	if (b->state == SIZE_LF)
		return size_known(b);
	b->state = b->state == DATA_LF ? SIZE : b->state == LAST_LF ? ENDED : TRAILER;
	return true;
}

static bool
framing_byte(struct http1_body *b, unsigned char c)
{
	switch (b->state) {
	case SIZE:
		return size_byte(b, c);
	case EXTENSION_NAME:
	case EXTENSION:
		return extension_byte(b, c);
	case DATA_CR:
		b->state = c == '\r' ? DATA_LF : SIZE;
		return c == '\r' || (c == '\n' && b->lenient) || bad(b, "a chunk is longer than its size says");
	case TRAILER:
	case TRAILER_NAME:
	case TRAILER_VALUE:
		return trailer_byte(b, c);
	default:
		return line_feed(b, c);
	}
}

/* ---- the body ------------------------------------------------------------------------------- */

static void
take_data(struct http1_body *b, size_t n)
{
	b->bytes += (int64_t)n;
	if (b->state == TO_END)
		return;
	b->left -= (int64_t)n;
	if (!b->left)
		b->state = b->state == DATA ? DATA_CR : ENDED;
}

enum http1_verdict
http1_body_feed(struct http1_body *b, const char *bytes, size_t size, size_t *ret_used,
    struct text *ret_data)
{
	size_t used = 0;

	*ret_data = (struct text){ bytes, 0 };
	while (used < size && b->state != ENDED) {
		if (b->state == DATA || b->state == LENGTH || b->state == TO_END) {
			size_t n = size - used;
			if (b->state != TO_END && b->left < (int64_t)n)
				n = (size_t)b->left;
			*ret_data = (struct text){ bytes + used, n };
			take_data(b, n);
			used += n;
			break;
		}
		if (!framing_byte(b, (unsigned char)bytes[used])) {
			*ret_used = used;
			return HTTP1_BAD;
		}
		used++;
	}
	*ret_used = used;
	return b->state == ENDED ? HTTP1_DONE : HTTP1_MORE;
}
