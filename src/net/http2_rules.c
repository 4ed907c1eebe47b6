/* SPDX-License-Identifier: MIT */
/* What nghttp2 would check of HTTP itself costs a tenth of a request, most of it on the letters of
 * names and values. Here is what tells a broken service: one valid status before all other fields,
 * a final head, and the length that was promised (RFC 9113, 8.1, 8.1.1 and 8.3.2). */
#include <string.h>

#include "net/http2_int.h"

/* RFC 7541, 4.1: what a field costs beside its bytes. Bounds fields without any, too. */
#define FIELD_OVERHEAD 32

static bool
take_status(struct http2_stream *s, const uint8_t *value, size_t size)
{
	if (s->has_status || s->head_passed || size != 3)
		return false;
	s->has_status = true;
	s->status = 0;
	for (size_t i = 0; i < size; i++) {
		if (value[i] < '0' || value[i] > '9')
			return false;
		s->status = s->status * 10 + (value[i] - '0');
	}
	return s->status >= 100 && s->status != 101 && s->status <= 599;
}

static bool
take_length(struct http2_stream *s, const uint8_t *value, size_t size)
{
	int64_t n = 0;

	if (!size || size > 18)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (value[i] < '0' || value[i] > '9')
			return false;
		n = n * 10 + (value[i] - '0');
	}
	bool same = s->length < 0 || s->length == n;
	s->length = n;
	return same;
}

bool
http2_take_field(struct http2_stream *s, const uint8_t *name, size_t name_size, const uint8_t *value,
    size_t value_size)
{
	s->head_bytes += name_size + value_size + FIELD_OVERHEAD;
	if (s->head_bytes > HTTP2_HEAD_MAX)
		return false;
	if (name_size && name[0] == ':')
		return name_size == 7 && memcmp(name, ":status", 7) == 0 &&
		    take_status(s, value, value_size);
	if (!s->has_status && !s->head_passed)
		return false;
	if (name_size == 14 && !s->head_passed && memcmp(name, "content-length", 14) == 0)
		return take_length(s, value, value_size);
	return true;
}

bool
http2_length_kept(const struct http2_stream *s)
{
	bool bodiless = s->head_request || s->status == 204 || s->status == 304;

	return bodiless ? !s->body_bytes : s->length < 0 || s->length == s->body_bytes;
}
