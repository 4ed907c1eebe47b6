/* SPDX-License-Identifier: MIT */
/* HTTP/1 to other services: method, path without what differs, status.
 *
 * A client asks again only when it has the whole answer, so that an answer ends with the last read
 * before: bodies need not be understood. */
#include "trace/wire_int.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "trace/route.h"

#define METHOD_MAX 8

static size_t
method_size(const uint8_t *b, size_t size)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "HEAD", "PATCH", "DELETE",
		"OPTIONS" };
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		size_t n = strlen(methods[i]);
		if (size > n + 1 && !memcmp(b, methods[i], n) && b[n] == ' ' &&
		    (b[n + 1] == '/' || b[n + 1] == 'h' || b[n + 1] == '*'))
			return n;
	}
	return 0;
}

static bool
is_answer(const uint8_t *b, size_t size)
{
	return size >= 12 && !memcmp(b, "HTTP/1.", 7) && b[8] == ' ' && isdigit(b[9]) &&
	    isdigit(b[10]) && isdigit(b[11]);
}

static void
settle(struct wire_link *l)
{
	struct wire_http *h = &l->http;
	if (wire_oldest(l) && h->status)
		wire_answer(l, &l->read, h->status, h->answer_bytes,
		    h->status == 429 || h->status >= 500 ? REPLY_ERROR : 0);
	*h = (struct wire_http){ 0 };
}

static void
sent(struct wire_link *l, const struct wire_bytes *b)
{
	char route[ROUTE_MAX], text[ROUTE_MAX + METHOD_MAX + 1];
	size_t n = method_size(b->begun, b->n_begun);
	if (!n)
		return;
	settle(l);
	wire_settle(l, 0);
	if (!route_of_head((const char *)b->begun, b->n_begun, NULL, 0, route))
		return;
	snprintf(text, sizeof(text), "%.*s %s", (int)n, (const char *)b->begun, route);
	wire_ask(l, wire_name(l, text), 0, true);
}

/* Interim answers (1xx) are followed by the real one, in the same read or a later one. */
static uint16_t
status_in(const uint8_t *b, size_t size)
{
	while (is_answer(b, size)) {
		uint16_t status = (uint16_t)(100 * (b[9] - '0') + 10 * (b[10] - '0') + b[11] - '0');
		const uint8_t *end = memmem(b, size, "\r\n\r\n", 4);
		if (status >= 200 || status == 101 || !end)
			return status >= 200 || status == 101 ? status : 0;
		size -= (size_t)(end + 4 - b);
		b = end + 4;
	}
	return 0;
}

static void
received(struct wire_link *l, const struct wire_bytes *b)
{
	if (!l->http.status)
		l->http.status = status_in(b->begun, b->n_begun);
	l->http.answer_bytes += b->size;
}

static bool
is_http(const uint8_t *bytes, size_t size, bool written)
{
	return written ? method_size(bytes, size) > 0 : is_answer(bytes, size);
}

const struct wire_protocol wire_http = {
	.kind = "http", .is = is_http, .sent = sent, .received = received, .forget = settle,
};
