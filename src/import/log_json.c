/* SPDX-License-Identifier: MIT */
#include "import/log_json.h"

#include <ctype.h>
#include <string.h>

#include "base/hex.h"
#include "import/instant.h"

#define DEPTH_LOOKED_AT 3
#define DEPTH_MAX       64

enum member {
	MEMBER_METHOD, MEMBER_TARGET, MEMBER_STATUS, MEMBER_TIME, MEMBER_HOST, MEMBER_REQUEST,
};

static const struct known {
	const char *name;
	enum member member;
} known[] = {
	{ "method", MEMBER_METHOD }, { "request_method", MEMBER_METHOD },
	{ "http_method", MEMBER_METHOD }, { "requestMethod", MEMBER_METHOD },
	{ "verb", MEMBER_METHOD }, { "http.request.method", MEMBER_METHOD },
	{ "uri", MEMBER_TARGET }, { "request_uri", MEMBER_TARGET }, { "url", MEMBER_TARGET },
	{ "path", MEMBER_TARGET }, { "request_path", MEMBER_TARGET }, { "requestUrl", MEMBER_TARGET },
	{ "target", MEMBER_TARGET }, { "url.original", MEMBER_TARGET }, { "url.path", MEMBER_TARGET },
	{ "original", MEMBER_TARGET },
	{ "status", MEMBER_STATUS }, { "status_code", MEMBER_STATUS },
	{ "statusCode", MEMBER_STATUS }, { "code", MEMBER_STATUS },
	{ "response_code", MEMBER_STATUS }, { "http_status", MEMBER_STATUS },
	{ "response_status", MEMBER_STATUS }, { "http.response.status_code", MEMBER_STATUS },
	{ "time", MEMBER_TIME }, { "ts", MEMBER_TIME }, { "timestamp", MEMBER_TIME },
	{ "@timestamp", MEMBER_TIME }, { "time_local", MEMBER_TIME }, { "time_iso8601", MEMBER_TIME },
	{ "start_time", MEMBER_TIME }, { "msec", MEMBER_TIME }, { "datetime", MEMBER_TIME },
	{ "http_host", MEMBER_HOST }, { "authority", MEMBER_HOST }, { "vhost", MEMBER_HOST },
	{ "request", MEMBER_REQUEST },
};

struct walk {
	const char *at, *end;
	struct log_entry *entry;
	struct slice *whole;
	bool in_request;
};

static void
skip_blanks(struct walk *w)
{
	while (w->at < w->end && (*w->at == ' ' || *w->at == '\t' || *w->at == '\r' || *w->at == '\n'))
		w->at++;
}

static bool
take(struct walk *w, char c)
{
	skip_blanks(w);
	if (w->at == w->end || *w->at != c)
		return false;
	w->at++;
	return true;
}

/* The string's inside, as it is written. */
static bool
read_string(struct walk *w, struct slice *ret)
{
	if (!take(w, '"'))
		return false;
	const char *begin = w->at, *quote = begin - 1;
	for (;;) {
		quote = memchr(quote + 1, '"', (size_t)(w->end - quote - 1));
		if (!quote)
			return false;
		size_t slashes = 0;
		while (quote - slashes > begin && quote[-1 - (long)slashes] == '\\')
			slashes++;
		if (slashes % 2 == 0)
			break;
	}
	*ret = (struct slice){ begin, (size_t)(quote - begin) };
	w->at = quote + 1;
	return true;
}

/* Undo escapes into the entry's scratch. Only ASCII can stand in a target, so \u00xx below 0x80 is
 * all that is undone; false: something else. */
static bool
unescape(struct slice text, struct log_entry *entry, struct slice *ret)
{
	size_t size = 0;

	for (size_t i = 0; i < text.size; i++) {
		char c = text.at[i];
		if (size + 1 >= sizeof(entry->scratch))
			return false;
		if (c == '\\' && ++i < text.size) {
			c = text.at[i];
			if (c == 'u') {
				if (i + 4 >= text.size || memcmp(text.at + i + 1, "00", 2) != 0 ||
				    text.at[i + 3] < '2' || text.at[i + 3] > '7' ||
				    hex_digit(text.at[i + 4]) < 0)
					return false;
				c = (char)(hex_digit(text.at[i + 3]) * 16 + hex_digit(text.at[i + 4]));
				i += 4;
			} else if (c != '/' && c != '"') {
				return false;
			}
		}
		entry->scratch[size++] = c;
	}
	*ret = (struct slice){ entry->scratch, size };
	return true;
}

static int
find_member(struct slice name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].name[0] == *name.at && strlen(known[i].name) == name.size &&
		    memcmp(known[i].name, name.at, name.size) == 0)
			return (int)known[i].member;
	return -1;
}

static int
status_of(struct slice value)
{
	int status = 0;

	for (size_t i = 0; i < value.size && i < 4; i++)
		status = isdigit((unsigned char)value.at[i]) ? status * 10 + value.at[i] - '0' : 1000;
	return status >= 100 && status < 600 ? status : 0;
}

static void
store_target(struct walk *w, struct slice value)
{
	struct slice plain = value;

	if (memchr(value.at, '\\', value.size) && !unescape(value, w->entry, &plain))
		return;
	if (plain.size && plain.size < LOG_TARGET_MAX &&
	    (*plain.at == '/' || memmem(plain.at, plain.size, "://", 3)))
		w->entry->target = plain;
}

/* The first of each kind counts. */
static void
store(struct walk *w, enum member member, struct slice value)
{
	struct log_entry *entry = w->entry;

	if (member == MEMBER_METHOD && !entry->method.size)
		entry->method = value;
	else if (member == MEMBER_TARGET && !entry->target.size)
		store_target(w, value);
	else if (member == MEMBER_STATUS && !entry->status)
		entry->status = status_of(value);
	else if (member == MEMBER_TIME && entry->time_ns < 0)
		instant_any(value.at, value.size, &entry->time_ns);
	else if (member == MEMBER_HOST && !entry->host.size && !memchr(value.at, '\\', value.size))
		entry->host = value;
	else if (member == MEMBER_REQUEST && !w->whole->size)
		*w->whole = value;
}

static bool walk_value(struct walk *w, struct slice name, int depth);

static bool
walk_members(struct walk *w, int depth)
{
	if (take(w, '}'))
		return true;
	do {
		struct slice name;
		if (!read_string(w, &name) || !take(w, ':') || !walk_value(w, name, depth))
			return false;
	} while (take(w, ','));
	return take(w, '}');
}

static bool
walk_items(struct walk *w, int depth)
{
	if (take(w, ']'))
		return true;
	do {
		if (!walk_value(w, (struct slice){ "", 0 }, depth))
			return false;
	} while (take(w, ','));
	return take(w, ']');
}

/* A number, true, false or null. */
static bool
read_bare(struct walk *w, struct slice *ret)
{
	const char *begin = w->at;

	while (w->at < w->end && (isalnum((unsigned char)*w->at) || *w->at == '.' || *w->at == '-' ||
	    *w->at == '+'))
		w->at++;
	*ret = (struct slice){ begin, (size_t)(w->at - begin) };
	return w->at > begin;
}

static bool
is_named(struct slice name, const char *text)
{
	return strlen(text) == name.size && memcmp(text, name.at, name.size) == 0;
}

static bool
walk_value(struct walk *w, struct slice name, int depth)
{
	struct slice value;
	int member = name.size && depth <= DEPTH_LOOKED_AT ? find_member(name) : -1;

	if (depth > DEPTH_MAX)
		return false;
	skip_blanks(w);
	if (w->at == w->end)
		return false;
	if (*w->at == '{' || *w->at == '[') {
		bool outer = w->in_request;
		/* What stands in headers and arrays is not about the request line. */
		int below = *w->at == '[' || memmem(name.at, name.size, "eader", 5) ? DEPTH_LOOKED_AT : 0;
		w->in_request = is_named(name, "request") || is_named(name, "req");
		bool whole = *w->at++ == '{' ? walk_members(w, depth + 1 + below)
		                             : walk_items(w, depth + 1 + below);
		w->in_request = outer;
		return whole;
	}
	if (*w->at == '"' ? !read_string(w, &value) : !read_bare(w, &value))
		return false;
	/* At the top, "host" is as often the machine that logs. */
	if (w->in_request && is_named(name, "host"))
		member = MEMBER_HOST;
	if (member >= 0 && value.size)
		store(w, (enum member)member, value);
	return true;
}

bool
log_json_read(const char *line, size_t size, struct log_entry *ret, struct slice *ret_whole)
{
	struct walk w = { .at = line, .end = line + size, .entry = ret, .whole = ret_whole };

	return take(&w, '{') && walk_members(&w, 1);
}
