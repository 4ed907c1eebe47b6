/* SPDX-License-Identifier: MIT */
#include "net/http2_server_head.h"

#include <errno.h>

#include "base/cleanup.h"

enum { METHOD, SCHEME, AUTHORITY, PATH };

#define FIELD_OVERHEAD 32   /* RFC 9113, section 6.5.2 */

static bool
is(struct text a, const char *lower_case)
{
	return a.size == strlen(lower_case) && memcmp(a.at, lower_case, a.size) == 0;
}

/* ---- requests -------------------------------------------------------------------------------- */

void
http2_head_begin(struct http2_head *h)
{
	buf_clear(&h->parts);
	buf_clear(&h->fields);
	buf_clear(&h->cookie);
	buf_clear(&h->text);
	for (int i = 0; i < 4; i++)
		h->part[i].set = false;
	h->has_length = false;
	h->bytes = 0;
}

void
http2_head_done(struct http2_head *h)
{
	buf_done(&h->parts);
	buf_done(&h->fields);
	buf_done(&h->cookie);
	buf_done(&h->text);
}

static struct text
part_of(const struct http2_head *h, int which)
{
	if (!h->part[which].set)
		return (struct text){ "", 0 };
	return (struct text){ buf_text(&h->parts) + h->part[which].at, h->part[which].size };
}

static void
set_part(struct http2_head *h, int which, struct text value)
{
	h->part[which].at = h->parts.size;
	h->part[which].size = value.size;
	h->part[which].set = true;
	buf_append(&h->parts, value.at, value.size);
}

/* Which are known, that each comes once and before all others is nghttp2's to see. */
static bool
take_pseudo(struct http2_head *h, struct text name, struct text value)
{
	static const char *const names[] = { ":method", ":scheme", ":authority", ":path" };

	for (int i = 0; i < 4; i++)
		if (is(name, names[i])) {
			set_part(h, i, value);
			return value.size || i == AUTHORITY;
		}
	return false;
}

/* RFC 9113, section 8.3.1: it must not say other than :authority, and stands in for it. */
static bool
take_host(struct http2_head *h, struct text value)
{
	struct text named = part_of(h, AUTHORITY);

	if (!h->part[AUTHORITY].set) {
		set_part(h, AUTHORITY, value);
		return true;
	}
	return named.size == value.size && strncasecmp(named.at, value.at, value.size) == 0;
}

static void
put_field(struct buf *b, struct text name, struct text value)
{
	buf_append(b, name.at, name.size);
	buf_append(b, ": ", 2);
	buf_append(b, value.at, value.size);
	buf_append(b, "\r\n", 2);
}

/* What would end a line of HTTP/1.1; nghttp2 refuses it too. */
static bool
breaks_lines(struct text t)
{
	return memchr(t.at, '\n', t.size) || memchr(t.at, '\r', t.size) || memchr(t.at, '\0', t.size);
}

bool
http2_head_take(struct http2_head *h, size_t most, struct text name, struct text value)
{
	h->bytes += name.size + value.size + FIELD_OVERHEAD;
	if (h->bytes > most)
		return true;
	if (breaks_lines(name) || breaks_lines(value))
		return false;
	if (name.size && name.at[0] == ':')
		return take_pseudo(h, name, value);
	if (is(name, "host"))
		return take_host(h, value);
	if (is(name, "cookie")) {   /* RFC 9113, section 8.2.3 */
		if (h->cookie.size)
			buf_append(&h->cookie, "; ", 2);
		buf_append(&h->cookie, value.at, value.size);
		return true;
	}
	h->has_length |= is(name, "content-length");
	put_field(&h->fields, name, value);
	return true;
}

/* A target that names a host of its own would count more than :authority. */
static bool
is_path(struct text path)
{
	return path.size && (path.at[0] == '/' || is(path, "*"));
}

bool
http2_head_finish(struct http2_head *h, bool ended)
{
	struct text method = part_of(h, METHOD), scheme = part_of(h, SCHEME), host = part_of(h, AUTHORITY);
	struct text target = part_of(h, PATH);
	struct buf *b = &h->text;
	bool connect = is(method, "CONNECT");

	if (!method.size || (connect && !host.size))
		return false;
	if (!connect && (!is_path(target) || !(is(scheme, "http") || is(scheme, "https"))))
		return false;
	if (connect)
		target = host;
	buf_append(b, method.at, method.size);
	buf_putc(b, ' ');
	buf_append(b, target.at, target.size);
	buf_puts(b, " HTTP/1.1\r\n");
	if (host.size)
		put_field(b, text_of("host"), host);
	if (h->fields.size)
		buf_append(b, h->fields.data, h->fields.size);
	if (h->cookie.size)
		put_field(b, text_of("cookie"), (struct text){ h->cookie.data, h->cookie.size });
	if (!ended && !h->has_length)
		put_field(b, text_of("transfer-encoding"), text_of("chunked"));
	buf_append(b, "\r\n", 2);
	return true;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* RFC 9113, section 8.2.2. */
static bool
is_of_connection(struct text name)
{
	static const char *const names[] = {
		"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade",
	};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (text_is(name, names[i]))
			return true;
	return false;
}

static nghttp2_nv
pair(struct text name, struct text value)
{
	return (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name.at, .namelen = name.size,
		.value = (uint8_t *)(uintptr_t)value.at, .valuelen = value.size,
	};
}

/* The next line without its end; false: there is none. */
static bool
next_line(struct text *rest, struct text *ret)
{
	const char *end = memchr(rest->at, '\r', rest->size);

	if (!end || end + 1 == rest->at + rest->size)
		return false;
	*ret = (struct text){ rest->at, (size_t)(end - rest->at) };
	rest->size -= ret->size + 2;
	rest->at += ret->size + 2;
	return ret->size;
}

int
http2_answer_fields(struct text head, char status[3], nghttp2_nv out[HTTP2_ANSWER_FIELDS_MAX])
{
	struct text rest = head, line;
	int n = 0;

	if (!next_line(&rest, &line) || line.size < strlen("HTTP/1.1 200"))
		return -EINVAL;
	memcpy(status, line.at + strlen("HTTP/1.1 "), 3);
	out[n++] = pair(text_of(":status"), (struct text){ status, 3 });
	while (next_line(&rest, &line)) {
		const char *colon = memchr(line.at, ':', line.size);
		if (!colon || n == HTTP2_ANSWER_FIELDS_MAX)
			return -EINVAL;
		struct text name = { line.at, (size_t)(colon - line.at) };
		struct text value = text_trim((struct text){ colon + 1, line.size - name.size - 1 });
		if (!is_of_connection(name))
			out[n++] = pair(name, value);
	}
	return n;
}
