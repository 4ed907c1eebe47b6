/* SPDX-License-Identifier: MIT */
#include "import/log_line.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "import/log_json.h"
#include "import/instant.h"

#define LINES_LOOKED_AT 100
#define LINE_MAX_LOOKED ((size_t)64 << 10)

/* ---- pieces ---- */

/* "GET /x HTTP/1.1"; the protocol may be missing (HTTP/0.9, some proxies). */
static bool
split_request(struct slice text, struct log_entry *ret)
{
	const char *blank = memchr(text.at, ' ', text.size);

	if (!blank || blank == text.at || blank - text.at > 20)
		return false;
	for (const char *c = text.at; c < blank; c++)
		if (!isupper((unsigned char)*c) && *c != '-')
			return false;
	const char *target = blank + 1, *end = text.at + text.size;
	const char *last = memrchr(target, ' ', (size_t)(end - target));
	if (last && end - last > 5 && memcmp(last + 1, "HTTP/", 5) == 0)
		end = last;
	ret->method = (struct slice){ text.at, (size_t)(blank - text.at) };
	ret->target = (struct slice){ target, (size_t)(end - target) };
	return ret->target.size && ret->target.size < LOG_TARGET_MAX &&
	    !memchr(target, '\\', ret->target.size);
}

/* The text between the next quotes; backslashes escape. */
static bool
next_quoted(const char **at, const char *end, struct slice *ret)
{
	const char *open = memchr(*at, '"', (size_t)(end - *at)), *close = open;

	do {
		close = close && close + 1 < end ? memchr(close + 1, '"', (size_t)(end - close - 1)) : NULL;
		if (!close)
			return false;
	} while (close[-1] == '\\');
	*ret = (struct slice){ open + 1, (size_t)(close - open - 1) };
	*at = close + 1;
	return true;
}

/* Skips blanks; false at the end. */
static bool
next_word(const char **at, const char *end, struct slice *ret)
{
	while (*at < end && **at == ' ')
		++*at;
	if (*at == end)
		return false;
	const char *blank = memchr(*at, ' ', (size_t)(end - *at));
	*ret = (struct slice){ *at, (size_t)((blank ? blank : end) - *at) };
	*at = blank ? blank : end;
	return true;
}

static bool
parse_status(struct slice word, int *ret)
{
	if (word.size != 3 || !isdigit((unsigned char)word.at[0]) ||
	    !isdigit((unsigned char)word.at[1]) || !isdigit((unsigned char)word.at[2]))
		return false;
	*ret = (word.at[0] - '0') * 100 + (word.at[1] - '0') * 10 + word.at[2] - '0';
	return *ret < 600;
}

/* "[...]" with an instant in it; *at moves past it, *ret_before to its '['. */
static bool
next_time(const char **at, const char *end, int (*parse)(const char *, size_t, int64_t *),
    int64_t *ret_ns, const char **ret_before)
{
	for (const char *open = *at; (open = memchr(open, '[', (size_t)(end - open))); open++) {
		const char *close = memchr(open, ']', (size_t)(end - open));
		if (!close)
			return false;
		if (parse(open + 1, (size_t)(close - open - 1), ret_ns) == 0) {
			*at = close + 1;
			*ret_before = open;
			return true;
		}
	}
	return false;
}

/* ---- nginx, Apache ---- */

/* Apache's vhost_combined begins with "shop.test:80 ", before the client. */
static struct slice
virtual_host(const char *line, const char *time)
{
	struct slice first, word;
	const char *at = line;
	int words = 0;

	if (!next_word(&at, time, &first))
		return (struct slice){ NULL, 0 };
	while (words < 4 && next_word(&at, time, &word))
		words++;
	const char *colon = memchr(first.at, ':', first.size);
	if (words < 3 || !colon || colon == first.at || !isdigit((unsigned char)colon[1]) ||
	    memchr(colon + 1, ':', (size_t)(first.at + first.size - colon - 1)))
		return (struct slice){ NULL, 0 };
	return first;
}

static enum log_verdict
parse_combined(const char *line, size_t size, struct log_entry *ret)
{
	const char *at = line, *end = line + size, *time;
	struct slice request, word;

	if (!size || *line == '[' || *line == '{' ||
	    !next_time(&at, end, instant_clf, &ret->time_ns, &time) || end - at < 2 || at[1] != '"' ||
	    !next_quoted(&at, end, &request) || !next_word(&at, end, &word) ||
	    !parse_status(word, &ret->status))
		return LOG_OTHER;
	ret->host = virtual_host(line, time);
	return split_request(request, ret) ? LOG_REQUEST : LOG_EMPTY;
}

/* ---- Envoy ---- */

/* The authority is the last quoted text but one. */
static struct slice
envoy_authority(const char *at, const char *end)
{
	struct slice last = { NULL, 0 }, before = last, text;

	while (next_quoted(&at, end, &text)) {
		before = last;
		last = text;
	}
	return before.size > 1 ? before : (struct slice){ NULL, 0 };
}

static enum log_verdict
parse_envoy(const char *line, size_t size, struct log_entry *ret)
{
	const char *at = line, *end = line + size, *time;
	struct slice request, word;

	if (!size || *line != '[' || !next_time(&at, end, instant_iso8601, &ret->time_ns, &time) ||
	    time != line || !next_quoted(&at, end, &request) || !next_word(&at, end, &word) ||
	    (!parse_status(word, &ret->status) && !(word.size == 1 && *word.at == '0')))
		return LOG_OTHER;
	ret->host = envoy_authority(at, end);
	return split_request(request, ret) ? LOG_REQUEST : LOG_EMPTY;
}

/* ---- HAProxy ---- */

/* "... [accepted] frontend backend/server 10/0/30/69/109 200 ... "GET / HTTP/1.1"". */
static enum log_verdict
parse_haproxy(const char *line, size_t size, struct log_entry *ret)
{
	const char *at = line, *end = line + size, *time;
	struct slice word, request;

	if (!next_time(&at, end, instant_clf, &ret->time_ns, &time))
		return LOG_OTHER;
	for (int i = 0; i < 3; i++)
		if (!next_word(&at, end, &word) || *word.at == '"')
			return LOG_OTHER;
	if (!memchr(word.at, '/', word.size) || !next_word(&at, end, &word))
		return LOG_OTHER;
	if (!parse_status(word, &ret->status))
		return word.size && *word.at == '-' ? LOG_EMPTY : LOG_OTHER;
	if (!next_quoted(&at, end, &request))
		return LOG_EMPTY;
	return split_request(request, ret) ? LOG_REQUEST : LOG_EMPTY;
}

/* ---- JSON ---- */

static enum log_verdict
parse_json(const char *line, size_t size, struct log_entry *ret)
{
	struct slice whole = { NULL, 0 };

	if (!size || *line != '{' || !log_json_read(line, size, ret, &whole))
		return LOG_OTHER;
	if (whole.size && !ret->target.size)
		return split_request(whole, ret) ? LOG_REQUEST : LOG_EMPTY;
	if (!ret->target.size)
		return ret->method.size || ret->status ? LOG_EMPTY : LOG_OTHER;
	if (!ret->method.size)
		ret->method = (struct slice){ "GET", 3 };
	return LOG_REQUEST;
}

/* ---- the kinds ---- */

static const struct log_kind kind_combined = {
	"combined", "nginx, Apache: common, combined, vhost_combined", parse_combined };
static const struct log_kind kind_envoy = { "envoy", "Envoy: default format", parse_envoy };
static const struct log_kind kind_haproxy = { "haproxy", "HAProxy: option httplog", parse_haproxy };
static const struct log_kind kind_json = { "json", "JSON lines: Caddy and others", parse_json };

const struct log_kind *const log_kinds[] = {
	&kind_combined, &kind_envoy, &kind_haproxy, &kind_json, NULL,
};

const struct log_kind *
log_kind_of(const char *head, size_t size)
{
	size_t hits[sizeof(log_kinds) / sizeof(log_kinds[0])] = { 0 }, best = 0, lines = 0;
	const char *end = head + size;

	for (const char *at = head, *next; at < end && hits[best] < LINES_LOOKED_AT; at = next) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		/* A line that the head cuts off says nothing, unless it is the only one. */
		if (!line_end && lines)
			break;
		next = line_end ? line_end + 1 : end;
		size_t n = (size_t)((line_end ? line_end : end) - at);
		if (!n || *at == '#' || n > LINE_MAX_LOOKED)
			continue;
		lines++;
		for (size_t k = 0; log_kinds[k]; k++) {
			struct log_entry entry = { .time_ns = -1 };
			hits[k] += log_kinds[k]->parse(at, n, &entry) != LOG_OTHER;
			if (hits[k] > hits[best])
				best = k;
		}
	}
	return hits[best] * 2 >= lines && hits[best] ? log_kinds[best] : NULL;
}
