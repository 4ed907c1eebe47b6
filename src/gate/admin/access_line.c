/* SPDX-License-Identifier: MIT */
/* Written for speed: a line is made for each request, so spans are copied whole and numbers made here. */
#include "gate/admin/access_line.h"

#include <time.h>

#include "base/clock.h"
#include "base/secret_name.h"
#include "base/utf8.h"

#define TARGET_MAX 4096
#define FIELD_MAX  1024
#define METHOD_MAX 64

struct pen {
	enum gate_log_format format;
	struct buf *out;
};

/* ---- pieces ---- */

static void
put(const struct pen *p, const char *text)
{
	buf_append(p->out, text, strlen(text));
}

/* With zeros in front up to `width` digits. */
static void
put_number(const struct pen *p, int64_t number, int width)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t rest = number < 0 ? 0 : (uint64_t)number;

	do
		digits[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	while (sizeof(digits) - at < (size_t)width)
		digits[--at] = '0';
	buf_append(p->out, digits + at, sizeof(digits) - at);
}

static bool
is_plain(char c)
{
	static const bool special[256] = {
		[0 ... 31] = true, ['"'] = true, ['\\'] = true, [127 ... 255] = true,
	};
	return !special[(unsigned char)c];
}

/* A JSON string must be UTF-8: what is none becomes the replacement character. Returns how many bytes it was. */
static size_t
put_json_point(const struct pen *p, const char *bytes, size_t size)
{
	char copy[5] = "", out[4];
	const char *end = copy;

	memcpy(copy, bytes, size < 4 ? size : 4);
	uint32_t c = utf8_next(&end);
	if (!c) {
		put(p, "\\u0000");
		return 1;
	}
	if (c == '"' || c == '\\')
		put(p, c == '"' ? "\\\"" : "\\\\");
	else if (utf8_is_unsafe(c) && c <= 0xffff)
		buf_printf(p->out, "\\u%04x", c);
	else
		buf_append(p->out, out, utf8_write(out, utf8_is_unsafe(c) ? UTF8_REPLACEMENT : c));
	return (size_t)(end - copy);
}

/* What would break the line or the string is escaped. */
static void
put_text(const struct pen *p, struct text t)
{
	for (size_t at = 0, end; at < t.size; at = end) {
		for (end = at; end < t.size && is_plain(t.at[end]); )
			end++;
		buf_append(p->out, t.at + at, end - at);
		if (end < t.size && p->format == GATE_LOG_JSON)
			end += put_json_point(p, t.at + end, t.size - end);
		else if (end < t.size)
			buf_printf(p->out, "\\x%02X", (unsigned char)t.at[end++]);
	}
}

static struct text
cut(struct text t, size_t most)
{
	t.size = t.size < most ? t.size : most;
	return t;
}

/* ---- what is left out ---- */

/* Past "user:password@" behind "//", which is not written. */
static struct text
put_authority(const struct pen *p, struct text url)
{
	size_t path = 0, at = 0;

	while (path < url.size && url.at[path] != '/' && url.at[path] != '?' && url.at[path] != '#')
		path++;
	if (path + 1 >= url.size || url.at[path] != '/' || url.at[path + 1] != '/')
		return url;
	for (size_t i = path + 2; i < url.size && url.at[i] != '/' && url.at[i] != '?' && url.at[i] != '#'; i++)
		at = url.at[i] == '@' ? i : at;
	if (!at)
		return url;
	put_text(p, (struct text){ url.at, path + 2 });
	return (struct text){ url.at + at + 1, url.size - at - 1 };
}

/* "name=value", without the value when the name is that of a secret. */
static void
put_parameter(const struct pen *p, struct text parameter)
{
	const char *equals = memchr(parameter.at, '=', parameter.size);
	size_t name = equals ? (size_t)(equals - parameter.at) : 0;

	if (!equals || !secret_name(parameter.at, name)) {
		put_text(p, parameter);
		return;
	}
	put_text(p, (struct text){ parameter.at, name + 1 });
	put(p, "*");
}

/* A target or URL without what is secret in it. */
static void
put_public(const struct pen *p, struct text url)
{
	url = put_authority(p, url);
	const char *mark = memchr(url.at, '?', url.size);
	size_t at = mark ? (size_t)(mark - url.at) + 1 : url.size;

	put_text(p, (struct text){ url.at, at });
	while (at < url.size) {
		size_t end = at;
		while (end < url.size && url.at[end] != '&' && url.at[end] != ';' && url.at[end] != '#')
			end++;
		put_parameter(p, (struct text){ url.at + at, end - at });
		if (end < url.size)
			put_text(p, (struct text){ url.at + end, 1 });
		at = end + 1;
	}
}

/* ---- combined ---- */

/* "21/Nov/2026:21:20:00 +0000", made once a second: gmtime_r takes a lock. */
static const char *
time_text(int64_t wall_ns)
{
	static _Thread_local struct { time_t second; char text[32]; } last;
	time_t second = (time_t)(wall_ns / NS_PER_S);
	struct tm t;

	if (last.second == second && last.text[0])
		return last.text;
	last.second = second;
	gmtime_r(&second, &t);
	strftime(last.text, sizeof(last.text), "%d/%b/%Y:%H:%M:%S +0000", &t);
	return last.text;
}

static void
put_or_dash(const struct pen *p, struct text t)
{
	if (t.size)
		put_text(p, t);
	else
		put(p, "-");
}

static void
put_public_or_dash(const struct pen *p, struct text url)
{
	if (url.size)
		put_public(p, url);
	else
		put(p, "-");
}

/* 499 is what nginx has for a client that went away. */
static void
write_combined(const struct pen *p, const struct access_line *line)
{
	put_or_dash(p, line->client);
	put(p, " - - [");
	put(p, time_text(line->wall_ns));
	put(p, "] \"");
	put_or_dash(p, cut(line->method, METHOD_MAX));
	put(p, " ");
	put_public_or_dash(p, cut(line->target, TARGET_MAX));
	put(p, " ");
	put_or_dash(p, line->protocol);
	put(p, "\" ");
	put_number(p, line->status ? line->status : 499, 3);
	put(p, " ");
	put_number(p, line->body_bytes, 1);
	put(p, " \"");
	put_public_or_dash(p, cut(line->referer, FIELD_MAX));
	put(p, "\" \"");
	put_or_dash(p, cut(line->agent, FIELD_MAX));
	put(p, "\"\n");
}

/* ---- JSON ---- */

static void
put_member(const struct pen *p, const char *name)
{
	put(p, ",\"");
	put(p, name);
	put(p, "\":");
}

static void
put_string(const struct pen *p, const char *name, struct text value)
{
	if (!value.size)
		return;
	put_member(p, name);
	put(p, "\"");
	put_text(p, value);
	put(p, "\"");
}

static void
put_url(const struct pen *p, const char *name, struct text url)
{
	if (!url.size)
		return;
	put_member(p, name);
	put(p, "\"");
	put_public(p, url);
	put(p, "\"");
}

/* Seconds with microseconds. */
static void
put_seconds(const struct pen *p, const char *name, int64_t ns)
{
	put_member(p, name);
	put_number(p, ns / NS_PER_S, 1);
	put(p, ".");
	put_number(p, ns % NS_PER_S / NS_PER_US, 6);
}

/* "2026-11-21T21:20:00", made once a second. */
static const char *
json_time_text(int64_t wall_ns)
{
	static _Thread_local struct { int64_t second; char text[21]; } last;

	if (last.second != wall_ns / NS_PER_S || !last.text[0]) {
		last.second = wall_ns / NS_PER_S;
		wall_format(wall_ns, last.text);
		last.text[19] = '\0';
	}
	return last.text;
}

static void
write_json(const struct pen *p, const struct access_line *line)
{
	put(p, "{\"time\":\"");
	put(p, json_time_text(line->wall_ns));
	put(p, ".");
	put_number(p, line->wall_ns / NS_PER_MS % 1000, 3);
	put(p, "Z\"");
	put_string(p, "client", line->client);
	put_string(p, "method", cut(line->method, METHOD_MAX));
	put_string(p, "host", cut(line->host, FIELD_MAX));
	put_url(p, "target", cut(line->target, TARGET_MAX));
	put_string(p, "protocol", line->protocol);
	if (line->status) {
		put_member(p, "status");
		put_number(p, line->status, 1);
	}
	put_member(p, "bytes");
	put_number(p, line->body_bytes, 1);
	put_seconds(p, "duration", line->duration_ns);
	put_string(p, "upstream", line->upstream);
	if (line->upstream_ns >= 0)
		put_seconds(p, "upstream_duration", line->upstream_ns);
	put_string(p, "cache", line->cache);
	put_url(p, "referer", cut(line->referer, FIELD_MAX));
	put_string(p, "agent", cut(line->agent, FIELD_MAX));
	put(p, "}\n");
}

void
access_line_write(enum gate_log_format format, const struct access_line *line, struct buf *out)
{
	const struct pen p = { format, out };

	if (format == GATE_LOG_JSON)
		write_json(&p, line);
	else
		write_combined(&p, line);
}
