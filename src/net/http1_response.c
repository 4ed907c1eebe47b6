/* SPDX-License-Identifier: MIT */
#include "net/http1_response.h"

#include <string.h>

static enum http1_verdict
bad(struct http1_response *r, const char *why)
{
	r->why = why;
	return HTTP1_BAD;
}

/* "HTTP/1.1 200 OK"; the reason, and the blank before it, may be missing. */
static enum http1_verdict
status_line(struct http1_response *r, struct http1_scan *s, bool *ret_old)
{
	static const char name[] = "HTTP/1.";
	size_t there = (size_t)(s->end - s->at);

	if (memcmp(s->at, name, there < 7 ? there : 7) != 0)
		return bad(r, "it does not begin with HTTP/1.x");
	if (there < 13)
		return HTTP1_MORE;
	if ((s->at[7] != '0' && s->at[7] != '1') || s->at[8] != ' ')
		return bad(r, "malformed status line");
	r->status = 0;
	for (int i = 9; i < 12; i++) {
		if (s->at[i] < '0' || s->at[i] > '9')
			return bad(r, "malformed status code");
		r->status = r->status * 10 + (s->at[i] - '0');
	}
	if (r->status < 100 || r->status > 599)
		return bad(r, "status code out of range");
	*ret_old = s->at[7] == '0';
	s->at += 12;
	if (*s->at != ' ' && *s->at != '\r')
		return bad(r, "malformed status line");
	s->at += *s->at == ' ';
	r->reason = http1_scan_class(s, HTTP1_TEXT);
	enum http1_verdict v = http1_scan_crlf(s);
	return v == HTTP1_BAD ? bad(r, s->why) : v;
}

/* In the order of RFC 9112, section 6.3. */
static enum http1_verdict
meaning(struct http1_response *r, bool head, bool old)
{
	struct http1_hop hop;
	const char *why = http1_hop_read(&hop, &r->fields);

	if (why)
		return bad(r, why);
	if (hop.coded)
		return bad(r, "a Transfer-Encoding other than chunked");
	if (hop.chunked && hop.lengths)
		return bad(r, "both Content-Length and Transfer-Encoding");
	if (hop.chunked && old)
		return bad(r, "Transfer-Encoding in HTTP/1.0");
	r->length = hop.length;
	r->keep_alive = old ? hop.keep_alive && !hop.close : !hop.close;
	if (head || r->status < 200 || r->status == 204 || r->status == 304)
		r->framing = HTTP1_NO_BODY;
	else
		r->framing = hop.chunked ? HTTP1_CHUNKED : hop.length > 0 ? HTTP1_LENGTH
		    : hop.length == 0 ? HTTP1_NO_BODY : HTTP1_TO_END;
	r->keep_alive = r->keep_alive && r->framing != HTTP1_TO_END;
	return HTTP1_DONE;
}

enum http1_verdict
http1_response_parse(struct http1_response *r, bool head, const char *bytes, size_t size,
    size_t *ret_used)
{
	struct http1_scan s = { .at = bytes, .end = bytes + size };
	bool old = false;

	r->fields = (struct http_fields){ .at = r->all };
	enum http1_verdict v = status_line(r, &s, &old);
	if (v != HTTP1_DONE)
		return v;
	v = http1_scan_fields(&s, r->all, &r->fields.n);
	if (v == HTTP1_BAD)
		return bad(r, s.why);
	if (v != HTTP1_DONE)
		return v;
	*ret_used = (size_t)(s.at - bytes);
	return meaning(r, head, old);
}
