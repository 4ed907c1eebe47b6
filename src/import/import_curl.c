/* SPDX-License-Identifier: MIT */
/* curl command lines, as people keep them in scripts and browsers copy them: each command is a
 * flow of one request. Files that a command would read are not opened. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "import/format.h"
#include "import/shell_words.h"
#include "import/plain_text.h"

enum action {
	CURL_NOTHING,       /* changes how curl answers, not what it asks */
	CURL_SAY,           /* changes what happens, and is left out */
	CURL_METHOD, CURL_HEADER, CURL_DATA, CURL_DATA_RAW, CURL_DATA_ENCODED, CURL_JSON, CURL_FORM,
	CURL_USER, CURL_BEARER, CURL_COOKIE, CURL_AGENT, CURL_REFERER, CURL_HEAD, CURL_GET, CURL_URL,
	CURL_QUERY, CURL_COMPRESSED, CURL_NEXT,
};

static const struct option {
	const char *name;
	char letter;
	bool argument;
	enum action action;
} options[] = {
	{ "request", 'X', true, CURL_METHOD }, { "header", 'H', true, CURL_HEADER },
	{ "data", 'd', true, CURL_DATA }, { "data-ascii", 0, true, CURL_DATA },
	{ "data-binary", 0, true, CURL_DATA }, { "data-raw", 0, true, CURL_DATA_RAW },
	{ "data-urlencode", 0, true, CURL_DATA_ENCODED }, { "json", 0, true, CURL_JSON },
	{ "form", 'F', true, CURL_FORM }, { "form-string", 0, true, CURL_FORM },
	{ "user", 'u', true, CURL_USER }, { "oauth2-bearer", 0, true, CURL_BEARER },
	{ "cookie", 'b', true, CURL_COOKIE }, { "cookie-jar", 'c', true, CURL_NOTHING },
	{ "user-agent", 'A', true, CURL_AGENT }, { "referer", 'e', true, CURL_REFERER },
	{ "head", 'I', false, CURL_HEAD }, { "get", 'G', false, CURL_GET },
	{ "url", 0, true, CURL_URL }, { "url-query", 0, true, CURL_QUERY },
	{ "compressed", 0, false, CURL_COMPRESSED }, { "next", ':', false, CURL_NEXT },
	{ "insecure", 'k', false, CURL_SAY }, { "location", 'L', false, CURL_SAY },
	{ "location-trusted", 0, false, CURL_SAY }, { "upload-file", 'T', true, CURL_SAY },
	{ "proxy", 'x', true, CURL_SAY }, { "config", 'K', true, CURL_SAY },
	{ "cert", 'E', true, CURL_SAY }, { "key", 0, true, CURL_SAY }, { "cacert", 0, true, CURL_SAY },
	{ "resolve", 0, true, CURL_SAY }, { "connect-to", 0, true, CURL_SAY },
	{ "unix-socket", 0, true, CURL_SAY }, { "range", 'r', true, CURL_SAY },
	{ "digest", 0, false, CURL_SAY }, { "ntlm", 0, false, CURL_SAY },
	{ "negotiate", 0, false, CURL_SAY }, { "aws-sigv4", 0, true, CURL_SAY },
	{ "output", 'o', true, CURL_NOTHING }, { "remote-name", 'O', false, CURL_NOTHING },
	{ "silent", 's', false, CURL_NOTHING }, { "show-error", 'S', false, CURL_NOTHING },
	{ "verbose", 'v', false, CURL_NOTHING }, { "include", 'i', false, CURL_NOTHING },
	{ "fail", 'f', false, CURL_NOTHING }, { "fail-with-body", 0, false, CURL_NOTHING },
	{ "globoff", 'g', false, CURL_NOTHING }, { "no-buffer", 'N', false, CURL_NOTHING },
	{ "write-out", 'w', true, CURL_NOTHING }, { "max-time", 'm', true, CURL_NOTHING },
	{ "connect-timeout", 0, true, CURL_NOTHING }, { "retry", 0, true, CURL_NOTHING },
	{ "retry-delay", 0, true, CURL_NOTHING }, { "retry-max-time", 0, true, CURL_NOTHING },
	{ "max-redirs", 0, true, CURL_NOTHING }, { "dump-header", 'D', true, CURL_NOTHING },
	{ "limit-rate", 0, true, CURL_NOTHING }, { "speed-time", 'y', true, CURL_NOTHING },
	{ "speed-limit", 'Y', true, CURL_NOTHING }, { "interface", 0, true, CURL_NOTHING },
	{ "stderr", 0, true, CURL_NOTHING }, { "trace", 0, true, CURL_NOTHING },
	{ "trace-ascii", 0, true, CURL_NOTHING }, { "disable", 'q', false, CURL_NOTHING },
	{ "http1.1", 0, false, CURL_NOTHING }, { "http2", 0, false, CURL_NOTHING },
	{ "http1.0", '0', false, CURL_NOTHING }, { "ipv4", '4', false, CURL_NOTHING },
	{ "ipv6", '6', false, CURL_NOTHING }, { "progress-bar", '#', false, CURL_NOTHING },
	{ "parallel", 'Z', false, CURL_NOTHING }, { "basic", 0, false, CURL_NOTHING },
	{ "path-as-is", 0, false, CURL_NOTHING },
};

struct command {
	struct draft *d;
	const char *method;
	const char **urls; size_t n_urls;
	struct scenario_pair *headers; size_t n_headers;
	struct buf data, query;
	bool has_data, head, get, json, unusable;
};

/* ---- options ---- */

static const struct option *
find_long(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

static const struct option *
find_letter(char letter)
{
	for (size_t i = 0; i < COUNT_OF(options); i++)
		if (options[i].letter == letter)
			return &options[i];
	return NULL;
}

static void
add_header(struct command *c, const char *name, const char *value)
{
	struct scenario_pair *pair = ARENA_PUSH(c->d->arena, c->headers, c->n_headers);

	pair->name = name;
	pair->value = value;
}

/* "Name: value"; "Name;" is an empty one, "Name:" takes one of curl's own away. */
static void
take_header(struct command *c, const char *text)
{
	size_t name = strcspn(text, ":;");
	const char *value = text + name + (text[name] != '\0');

	if (*text == '@') {
		draft_note(c->d, 1, "headers that curl would read from a file");
		return;
	}
	value += strspn(value, " \t");
	if (text[name] == ';' || *value)
		add_header(c, arena_strndup(c->d->arena, text, name), value);
}

static void
join(struct buf *out, const char *text)
{
	if (out->size)
		buf_putc(out, '&');
	buf_puts(out, text);
}

/* "content", "=content" or "name=content"; expressions are encoded when they are sent. */
static void
take_encoded(struct command *c, struct buf *out, const char *text)
{
	const char *equals = strchr(text, '=');
	CLEANUP(buf_done) struct buf pair = { 0 };

	if (!equals && strchr(text, '@')) {
		draft_note(c->d, 1, "data that curl would read from a file");
		return;
	}
	if (equals && equals > text)
		buf_append(&pair, text, (size_t)(equals + 1 - text));
	const char *content = equals ? equals + 1 : text;
	if (strstr(content, "${"))
		buf_puts(&pair, content);
	else
		plain_percent(&pair, content);
	join(out, buf_text(&pair));
}

static void
take_data(struct command *c, const char *text, bool raw)
{
	c->has_data = true;
	if (*text == '@' && !raw) {
		draft_note(c->d, 1, "data that curl would read from a file");
		return;
	}
	/* Documents of --json are put one behind the other, forms are joined. */
	if (c->json)
		buf_puts(&c->data, text);
	else
		join(&c->data, text);
}

static void
take_option(struct command *c, const struct option *o, const char *value)
{
	switch (o->action) {
	case CURL_NOTHING:
	case CURL_NEXT:
		break;
	case CURL_SAY:
		draft_note(c->d, 1, "curl's option --%s", o->name);
		break;
	case CURL_METHOD:
		c->method = value;
		break;
	case CURL_HEADER:
		take_header(c, value);
		break;
	case CURL_JSON:
		c->json = true;
		take_data(c, value, false);
		break;
	case CURL_DATA:
	case CURL_DATA_RAW:
		take_data(c, value, o->action == CURL_DATA_RAW);
		break;
	case CURL_DATA_ENCODED:
		c->has_data = true;
		take_encoded(c, &c->data, value);
		break;
	case CURL_QUERY:
		take_encoded(c, &c->query, value);
		break;
	case CURL_FORM:
		draft_note(c->d, 1, "multipart forms (-F), with the request");
		c->unusable = true;
		break;
	case CURL_USER:
	case CURL_BEARER:
		add_header(c, "Authorization", "hidden");
		break;
	case CURL_COOKIE:
		add_header(c, "Cookie", "hidden");
		break;
	case CURL_AGENT:
		add_header(c, "User-Agent", value);
		break;
	case CURL_REFERER:
		add_header(c, "Referer", value);
		break;
	case CURL_HEAD:
		c->head = true;
		break;
	case CURL_GET:
		c->get = true;
		break;
	case CURL_URL:
		*ARENA_PUSH(c->d->arena, c->urls, c->n_urls) = value;
		break;
	case CURL_COMPRESSED:
		add_header(c, "Accept-Encoding", "gzip, deflate, br");
		break;
	}
}

/* "-sSXPOST": flags until one takes the rest, or the next word. */
static void
take_letters(struct command *c, const struct shell_word *words, size_t n, size_t *i)
{
	for (const char *letter = words[*i].text + 1; *letter; letter++) {
		const struct option *o = find_letter(*letter);
		if (!o) {
			draft_note(c->d, 1, "curl's option -%c, which prony does not know", *letter);
			continue;
		}
		if (!o->argument) {
			take_option(c, o, NULL);
			continue;
		}
		const char *value = letter[1] ? letter + 1 : *i + 1 < n ? words[++*i].text : "";
		take_option(c, o, value);
		return;
	}
}

static void
take_long(struct command *c, const struct shell_word *words, size_t n, size_t *i)
{
	const struct option *o = find_long(words[*i].text + 2);

	if (!o)
		draft_note(c->d, 1, "curl's option %s, which prony does not know", words[*i].text);
	else if (!o->argument)
		take_option(c, o, NULL);
	else
		take_option(c, o, *i + 1 < n ? words[++*i].text : "");
}

/* ---- requests ---- */

static const char *
whole_url(struct command *c, const char *url)
{
	const char *scheme = strstr(url, "://") || strncmp(url, "${", 2) == 0 ? "" : "http://";
	CLEANUP(buf_done) struct buf out = { 0 };

	buf_printf(&out, "%s%.*s", scheme, (int)strcspn(url, "#"), url);
	if (c->query.size || (c->get && c->data.size))
		buf_putc(&out, strchr(url, '?') ? '&' : '?');
	buf_puts(&out, buf_text(&c->query));
	if (c->get && c->data.size)
		buf_printf(&out, "%s%s", c->query.size ? "&" : "", buf_text(&c->data));
	return arena_strdup(c->d->arena, buf_text(&out));
}

static const char *
method_of(const struct command *c)
{
	return c->method ? c->method : c->head ? "HEAD" : c->has_data && !c->get ? "POST" : "GET";
}

static void
add_request(struct command *c, const char *url)
{
	draft_flow(c->d, NULL);
	struct scenario_step *step = draft_request(c->d, method_of(c), whole_url(c, url));
	if (!step)
		return;
	for (size_t i = 0; i < c->n_headers; i++)
		draft_header(c->d, step, c->headers[i].name, c->headers[i].value);
	if (!c->has_data || c->get)
		return;
	if (!draft_has_header(step, "Content-Type"))
		draft_header(c->d, step, "Content-Type",
		    c->json ? "application/json" : "application/x-www-form-urlencoded");
	if (c->json && !draft_has_header(step, "Accept"))
		draft_header(c->d, step, "Accept", "application/json");
	draft_body(c->d, step, buf_text(&c->data), c->data.size);
}

static void
end_command(struct command *c)
{
	for (size_t i = 0; i < c->n_urls && !c->unusable; i++)
		add_request(c, c->urls[i]);
	if (!c->n_urls)
		draft_note(c->d, 1, "curl commands without a URL");
	buf_done(&c->data);
	buf_done(&c->query);
	*c = (struct command){ .d = c->d };
}

/* `words` begins behind "curl". */
static void
take_command(struct draft *d, const struct shell_word *words, size_t n)
{
	struct command c = { .d = d };

	for (size_t i = 0; i < n; i++) {
		const char *word = words[i].text;
		if (strcmp(word, "--next") == 0 || strcmp(word, "-:") == 0)
			end_command(&c);
		else if (word[0] == '-' && word[1] == '-' && word[2])
			take_long(&c, words, n, &i);
		else if (word[0] == '-' && word[1])
			take_letters(&c, words, n, &i);
		else
			*ARENA_PUSH(d->arena, c.urls, c.n_urls) = word;
	}
	end_command(&c);
}

/* Where "curl" stands: first, or behind "$", a prompt, variables or time. */
static size_t
find_curl(const struct shell_word *words, size_t n)
{
	for (size_t i = 0; i < n && i < 8; i++) {
		const char *slash = strrchr(words[i].text, '/');
		if (strcmp(slash ? slash + 1 : words[i].text, "curl") == 0)
			return i;
	}
	return n;
}

static int
read_curl(struct draft *d, const char *name, const char *text, size_t size, struct err *e)
{
	struct shell_reader r = { .name = name, .text = text, .at = text, .arena = d->arena };
	struct shell_word *words;
	size_t n;

	for (;;) {
		int code = shell_command(&r, &words, &n, e);
		if (code < 0 || !n)
			return code;
		size_t at = find_curl(words, n);
		bool dynamic = false;
		for (size_t i = at; i < n; i++)
			dynamic = dynamic || words[i].dynamic;
		if (at == n)
			draft_note(d, 1, "commands that are not curl");
		else if (dynamic)
			draft_note(d, 1, "%s:%d: what only a shell could compute, with the command", name,
			    words[at].line);
		else
			take_command(d, words + at + 1, n - at - 1);
	}
}

/* A line that begins with curl, maybe behind a prompt. */
static bool
matches(const char *head, size_t size)
{
	const char *end = head + size;

	for (const char *line = head; line && line < end;) {
		const char *at = line;
		while (at < end && (*at == ' ' || *at == '\t' || *at == '$' || *at == '%' || *at == '>'))
			at++;
		if (end - at > 5 && memcmp(at, "curl", 4) == 0 && (at[4] == ' ' || at[4] == '\\'))
			return true;
		line = memchr(at, '\n', (size_t)(end - at));
		line = line ? line + 1 : NULL;
	}
	return false;
}

static const char *const suffixes[] = { ".curl", ".sh", ".bash", NULL };

const struct import_format import_curl = {
	.name = "curl",
	.about = "curl command lines",
	.suffixes = suffixes,
	.matches = matches,
	.max_bytes = (size_t)16 << 20,
	.read = read_curl,
};
