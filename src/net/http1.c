/* SPDX-License-Identifier: MIT */
#include "net/http1.h"

#include <string.h>

#include "net/field.h"
#include "net/http1_head.h"

enum { STATUS_LINE, HEADER, BODY };

void
http1_start(struct http1 *p, bool head_request)
{
	struct buf line = p->line;

	buf_clear(&line);
	*p = (struct http1){ .head_request = head_request, .line = line };
	p->line.cap_bytes = HTTP1_LINE_MAX;
}

void
http1_done(struct http1 *p)
{
	buf_done(&p->line);
	*p = (struct http1){ 0 };
}

bool
http1_begun(const struct http1 *p)
{
	return p->state != STATUS_LINE || p->interim || p->line.size;
}

enum http1_verdict
http1_end(const struct http1 *p)
{
	return p->state == BODY && http1_body_to_end(&p->counter) ? HTTP1_DONE : HTTP1_MORE;
}

static enum http1_verdict
bad(struct http1 *p, const char *why)
{
	p->why = why;
	return HTTP1_BAD;
}

/* ---- lines --------------------------------------------------------------------------------- */

static void
text_copy(struct text t, char *out, size_t size)
{
	size_t n = t.size < size ? t.size : size - 1;
	memcpy(out, t.at, n);
	out[n] = '\0';
}

static enum http1_verdict
status_line(struct http1 *p, struct text l)
{
	if (l.size < 12 || memcmp(l.at, "HTTP/1.", 7) != 0)
		return bad(p, "it does not begin with HTTP/1.x");
	if ((l.at[7] != '0' && l.at[7] != '1') || l.at[8] != ' ' || (l.size > 12 && l.at[12] != ' '))
		return bad(p, "malformed status line");
	p->status = 0;
	for (int i = 9; i < 12; i++) {
		if (l.at[i] < '0' || l.at[i] > '9')
			return bad(p, "malformed status code");
		p->status = p->status * 10 + (l.at[i] - '0');
	}
	if (p->status < 100 || p->status > 599)
		return bad(p, "status code out of range");
	p->old_version = l.at[7] == '0';
	p->keep_alive = !p->old_version;
	p->state = HEADER;
	return HTTP1_MORE;
}

static enum http1_verdict
content_length(struct http1 *p, struct text v)
{
	int64_t n = 0;

	if (!v.size || v.size > 18)
		return bad(p, "malformed Content-Length");
	for (size_t i = 0; i < v.size; i++) {
		if (v.at[i] < '0' || v.at[i] > '9')
			return bad(p, "malformed Content-Length");
		n = n * 10 + (v.at[i] - '0');
	}
	if (p->has_length && n != p->left)
		return bad(p, "two Content-Length headers disagree");
	p->has_length = true;
	p->left = n;
	return HTTP1_MORE;
}

static enum http1_verdict
header(struct http1 *p, struct text name, struct text value)
{
	switch (name.size) {
	case 10:
		if (text_is(name, "Connection") && text_lists(value, "close"))
			p->keep_alive = false;
		else if (p->old_version && text_is(name, "Connection") && text_lists(value, "keep-alive"))
			p->keep_alive = true;
		break;
	case 12:
		if (text_is(name, "Content-Type"))
			text_copy(value, p->content_type, sizeof(p->content_type));
		break;
	case 14:
		if (text_is(name, "Content-Length"))
			return content_length(p, value);
		break;
	case 16:
		if (text_is(name, "Content-Encoding"))
			text_copy(value, p->content_encoding, sizeof(p->content_encoding));
		break;
	case 17:
		if (!text_is(name, "Transfer-Encoding"))
			break;
		if (p->chunked || !text_is(value, "chunked"))
			return bad(p, "a Transfer-Encoding other than chunked");
		p->chunked = true;
	}
	return HTTP1_MORE;
}

static enum http1_verdict
header_line(struct http1 *p, struct text l)
{
	size_t n = 0;

	while (n < l.size && http1_is_token((unsigned char)l.at[n]))
		n++;
	if (!n || n == l.size || l.at[n] != ':')
		return bad(p, "malformed header line");
	if (memchr(l.at, '\0', l.size) || memchr(l.at, '\r', l.size))
		return bad(p, "control character in a header");
	struct text value = { l.at + n + 1, l.size - n - 1 };
	return header(p, (struct text){ l.at, n }, text_trim(value));
}

/* The empty line: what follows is decided in the order of RFC 9112, 6.3. */
static enum http1_verdict
head_end(struct http1 *p)
{
	if (p->chunked && p->has_length)
		return bad(p, "both Content-Length and Transfer-Encoding");
	if (p->chunked && p->old_version)
		return bad(p, "Transfer-Encoding in HTTP/1.0");
	if (p->status == 101)
		return bad(p, "it switches protocols unasked");
	if (p->status < 200) {
		if (++p->interim > HTTP1_INTERIM_MAX)
			return bad(p, "too many interim (1xx) answers");
		p->has_length = p->chunked = false;
		p->left = 0;
		p->state = STATUS_LINE;
		return HTTP1_MORE;
	}
	bool none = p->head_request || p->status == 204 || p->status == 304;
	http1_body_start(&p->counter, none ? HTTP1_NO_BODY : p->chunked ? HTTP1_CHUNKED
	    : p->has_length ? HTTP1_LENGTH : HTTP1_TO_END, p->left);
	p->counter.lenient = true;
	p->state = BODY;
	if (http1_body_to_end(&p->counter))
		p->keep_alive = false;
	return http1_body_ended(&p->counter) ? HTTP1_DONE : HTTP1_MORE;
}

/* A line without its end. */
static enum http1_verdict
line(struct http1 *p, struct text l)
{
	if (p->state == STATUS_LINE)
		return status_line(p, l);
	return l.size ? header_line(p, l) : head_end(p);
}

/* The head of the final answer: those before it are forgotten. */
static void
keep_line(const struct http1 *p, struct text l)
{
	if (p->state == STATUS_LINE)
		buf_clear(p->head);
	buf_append(p->head, l.at, l.size);
	buf_append(p->head, "\r\n", 2);
}

static enum http1_verdict
take_line(struct http1 *p, const char *bytes, size_t size, size_t *ret_used)
{
	const char *end = memchr(bytes, '\n', size);
	size_t n = end ? (size_t)(end - bytes) + 1 : size;
	struct text l = { bytes, n };

	*ret_used = n;
	p->head_bytes += n;
	if (p->head_bytes > HTTP1_HEAD_MAX)
		return bad(p, "the head is too large");
	/* What cannot become HTTP is told from its first bytes: its line may never end. */
	if (p->state == STATUS_LINE && !p->line.size &&
	    memcmp(bytes, "HTTP/1.", n < 7 ? n : 7) != 0)
		return bad(p, "it does not begin with HTTP/1.x");
	if (!end || p->line.size) {
		buf_append(&p->line, bytes, n);
		if (p->line.truncated || p->line.size > HTTP1_LINE_MAX)
			return bad(p, "a line is too long");
		l = (struct text){ p->line.data, p->line.size };
	}
	if (!end)
		return HTTP1_MORE;
	l.size -= l.size >= 2 && l.at[l.size - 2] == '\r' ? 2 : 1;
	if (p->head)
		keep_line(p, l);
	enum http1_verdict v = line(p, l);
	buf_clear(&p->line);
	return v;
}

static enum http1_verdict
take_body(struct http1 *p, const char *bytes, size_t size, size_t *ret_used)
{
	struct text data;
	enum http1_verdict v = http1_body_feed(&p->counter, bytes, size, ret_used, &data);

	p->body_bytes = p->counter.bytes;
	if (p->body && data.size)
		p->body(p->body_ctx, data.at, data.size);
	return v == HTTP1_BAD ? bad(p, p->counter.why) : v;
}

enum http1_verdict
http1_feed(struct http1 *p, const void *bytes, size_t size, size_t *ret_used)
{
	enum http1_verdict v = HTTP1_MORE;
	size_t used = 0, n;

	while (v == HTTP1_MORE && used < size) {
		v = p->state == BODY ? take_body(p, (const char *)bytes + used, size - used, &n)
		    : take_line(p, (const char *)bytes + used, size - used, &n);
		used += n;
	}
	*ret_used = used;
	return v;
}
