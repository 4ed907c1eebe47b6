/* SPDX-License-Identifier: MIT */
#include "net/http1_request.h"

#include <string.h>

#define METHOD_MAX 32

static enum http1_verdict
refuse(struct http1_request *r, int status, const char *why)
{
	r->status = status;
	r->why = why;
	return HTTP1_BAD;
}

static enum http1_verdict
scanned(struct http1_request *r, const struct http1_scan *s, enum http1_verdict v)
{
	return v == HTTP1_BAD ? refuse(r, 400, s->why) : v;
}

/* ---- the request line ------------------------------------------------------------------------ */

static bool
starts(const struct text *t, const char *word, size_t size)
{
	return t->size >= size && strncasecmp(t->at, word, size) == 0;
}

/* "http://host/path": the target decides, not the field (RFC 9112, section 3.2.2). */
static enum http1_verdict
absolute_form(struct http1_request *r, size_t scheme)
{
	const char *begin = r->target.at + scheme, *end = r->target.at + r->target.size;
	const char *slash = memchr(begin, '/', (size_t)(end - begin));

	r->host = (struct text){ begin, (size_t)((slash ? slash : end) - begin) };
	r->target = slash ? (struct text){ slash, (size_t)(end - slash) } : (struct text){ "/", 1 };
	return r->host.size ? HTTP1_DONE : refuse(r, 400, "a target without a host");
}

static enum http1_verdict
target_form(struct http1_request *r)
{
	struct text *t = &r->target;

	if (text_is(r->method, "CONNECT"))
		return refuse(r, 501, "CONNECT is not served here");
	if (t->at[0] == '/')
		return HTTP1_DONE;
	if (t->size == 1 && t->at[0] == '*')
		return text_is(r->method, "OPTIONS") ? HTTP1_DONE : refuse(r, 400, "malformed target");
	if (starts(t, "http://", 7))
		return absolute_form(r, 7);
	if (starts(t, "https://", 8))
		return absolute_form(r, 8);
	return refuse(r, 400, "malformed target");
}

static enum http1_verdict
version(struct http1_request *r, struct http1_scan *s)
{
	static const char name[] = "HTTP/1.";
	size_t there = (size_t)(s->end - s->at);

	if (memcmp(s->at, name, there < 7 ? there : 7) != 0)
		return there >= 6 && memcmp(s->at, "HTTP/", 5) == 0
		    ? refuse(r, 505, "a version other than HTTP/1.0 and 1.1")
		    : refuse(r, 400, "malformed request line");
	if (there < 8)
		return HTTP1_MORE;
	if (s->at[7] != '0' && s->at[7] != '1')
		return refuse(r, 505, "a version other than HTTP/1.0 and 1.1");
	r->old = s->at[7] == '0';
	s->at += 8;
	return scanned(r, s, http1_scan_crlf(s));
}

static enum http1_verdict
request_line(struct http1_request *r, struct http1_scan *s)
{
	r->method = http1_scan_class(s, HTTP1_TOKEN);
	if (r->method.size > METHOD_MAX)
		return refuse(r, 501, "the method is too long");
	if (s->at == s->end)
		return HTTP1_MORE;
	if (!r->method.size || *s->at != ' ')
		return refuse(r, 400, "malformed request line");
	s->at++;
	r->target = http1_scan_class(s, HTTP1_TARGET);
	if (s->at == s->end)
		return HTTP1_MORE;
	if (!r->target.size || *s->at != ' ')
		return refuse(r, 400, "malformed target");
	s->at++;
	return version(r, s);
}

/* ---- the fields ------------------------------------------------------------------------------ */

static enum http1_verdict
framing(struct http1_request *r, const struct http1_hop *hop)
{
	if (hop->coded)
		return hop->chunked ? refuse(r, 400, "chunked is not the only transfer coding")
		    : refuse(r, 501, "a Transfer-Encoding other than chunked");
	if (hop->chunked && hop->lengths)
		return refuse(r, 400, "both Content-Length and Transfer-Encoding");
	if (hop->chunked && r->old)
		return refuse(r, 400, "Transfer-Encoding in HTTP/1.0");
	if (hop->lengths > 1)
		return refuse(r, 400, "two Content-Length headers");
	r->framing = hop->chunked ? HTTP1_CHUNKED : hop->length > 0 ? HTTP1_LENGTH : HTTP1_NO_BODY;
	r->length = hop->length;
	return HTTP1_DONE;
}

static enum http1_verdict
host(struct http1_request *r)
{
	const struct http_field *f = http_field_next(&r->fields, "Host", NULL);

	if (f && http_field_next(&r->fields, "Host", f))
		return refuse(r, 400, "two Host headers");
	if (!f && !r->old)
		return refuse(r, 400, "no Host header");
	struct text named = f ? f->value : (struct text){ "", 0 };
	if (!r->host.size)
		r->host = named;
	for (size_t i = 0; i < named.size; i++)
		if (!(http1_classes[(unsigned char)named.at[i]] & HTTP1_HOST))
			return refuse(r, 400, "malformed Host header");
	for (size_t i = 0; i < r->host.size; i++)
		if (!(http1_classes[(unsigned char)r->host.at[i]] & HTTP1_HOST))
			return refuse(r, 400, "malformed host in the target");
	return r->host.size || r->old ? HTTP1_DONE : refuse(r, 400, "an empty Host header");
}

static enum http1_verdict
meaning(struct http1_request *r)
{
	struct http1_hop hop;
	const char *why = http1_hop_read(&hop, &r->fields);

	if (why)
		return refuse(r, 400, why);
	r->keep_alive = r->old ? hop.keep_alive && !hop.close : !hop.close;
	const struct http_field *expect = http_field_next(&r->fields, "Expect", NULL);
	if (expect && !text_is(expect->value, "100-continue"))
		return refuse(r, 417, "an expectation other than 100-continue");
	r->expects_continue = expect && !r->old;
	const struct http_field *upgrade = http_field_next(&r->fields, "Upgrade", NULL);
	r->upgrades = hop.upgrade && upgrade && !r->old && !text_lists(upgrade->value, "h2c");
	enum http1_verdict v = framing(r, &hop);
	r->upgrades = r->upgrades && r->framing == HTTP1_NO_BODY;   /* the server may ignore it (RFC 9110, section 7.8) */
	return v == HTTP1_DONE ? host(r) : v;
}

enum http1_verdict
http1_request_parse(struct http1_request *r, const char *bytes, size_t size, size_t *ret_used)
{
	struct http1_scan s = { .at = bytes, .end = bytes + size };
	enum http1_verdict v = HTTP1_DONE;

	r->host = (struct text){ "", 0 };
	r->fields = (struct http_fields){ .at = r->all };
	if (size && *s.at == '\r')   /* one empty line before it is forgiven (RFC 9112, section 2.2) */
		v = scanned(r, &s, http1_scan_crlf(&s));
	if (v == HTTP1_DONE)
		v = request_line(r, &s);
	if (v == HTTP1_DONE)
		v = target_form(r);
	if (v == HTTP1_DONE)
		v = scanned(r, &s, http1_scan_fields(&s, r->all, &r->fields.n));
	if (v == HTTP1_BAD && r->fields.n == HTTP1_FIELDS_MAX)
		r->status = 431;
	if (v != HTTP1_DONE)
		return v;
	*ret_used = (size_t)(s.at - bytes);
	return meaning(r);
}
