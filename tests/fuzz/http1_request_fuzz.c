/* SPDX-License-Identifier: MIT */
/* Any bytes as an HTTP request, as a response, and as a chunked body: no read beyond them, views within
 * them, and a verdict that more bytes do not change. */
#include <stdlib.h>
#include <string.h>

#include "net/http1_request.h"
#include "net/http1_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_view(struct text t, const char *bytes, size_t size)
{
	if (t.size && (t.at < bytes || t.at + t.size > bytes + size))
		abort();
}

static void
check_fields(const struct http_fields *fields, const char *bytes, size_t size)
{
	for (uint32_t i = 0; i < fields->n; i++) {
		check_view(fields->at[i].name, bytes, size);
		check_view(fields->at[i].value, bytes, size);
		http1_is_hop_field(fields, fields->at[i].name);
		if (!fields->at[i].name.size || memchr(fields->at[i].value.at, '\n', fields->at[i].value.size))
			abort();
	}
}

/* What is refused at its beginning is refused whole; what is taken needs all its bytes. */
static void
as_request(const char *bytes, size_t size)
{
	static struct http1_request r;
	size_t used, again;
	enum http1_verdict whole = http1_request_parse(&r, bytes, size, &used);

	if (whole == HTTP1_BAD && r.status < 400)
		abort();
	if (whole == HTTP1_DONE) {
		if (used > size || !r.target.size || !r.method.size)
			abort();
		check_view(r.method, bytes, size);
		check_view(r.host, bytes, size);
		check_fields(&r.fields, bytes, size);
		if (http1_request_parse(&r, bytes, used - 1, &again) != HTTP1_MORE)
			abort();
	}
	for (size_t n = 0; whole == HTTP1_MORE && n < size; n += 1 + size / 16)
		if (http1_request_parse(&r, bytes, n, &again) != HTTP1_MORE)
			abort();
}

static void
as_response(const char *bytes, size_t size)
{
	static struct http1_response r;
	size_t used;

	if (http1_response_parse(&r, false, bytes, size, &used) != HTTP1_DONE)
		return;
	if (used > size || r.status < 100 || r.status > 599)
		abort();
	check_fields(&r.fields, bytes, size);
}

static enum http1_verdict
read_body(const char *bytes, size_t size, size_t piece, bool lenient, struct http1_body *b, size_t *ret_used)
{
	enum http1_verdict v = HTTP1_MORE;
	size_t n;

	http1_body_start(b, HTTP1_CHUNKED, 0);
	b->lenient = lenient;
	for (*ret_used = 0; v == HTTP1_MORE && *ret_used < size; *ret_used += n) {
		size_t given = size - *ret_used < piece ? size - *ret_used : piece;
		struct text data;
		v = http1_body_feed(b, bytes + *ret_used, given, &n, &data);
		if (n > given || (v == HTTP1_MORE && !n))
			abort();
		check_view(data, bytes, size);
	}
	return v;
}

static void
as_body(const char *bytes, size_t size, bool lenient)
{
	struct http1_body whole, pieces;
	size_t used_whole, used_pieces;
	enum http1_verdict a = read_body(bytes, size, size ? size : 1, lenient, &whole, &used_whole);
	enum http1_verdict b = read_body(bytes, size, 1, lenient, &pieces, &used_pieces);

	if (a != b || used_whole != used_pieces || whole.bytes != pieces.bytes)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;

	as_request(bytes, size);
	as_response(bytes, size);
	as_body(bytes, size, false);
	as_body(bytes, size, true);
	return 0;
}
