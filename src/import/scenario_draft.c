/* SPDX-License-Identifier: MIT */
#include "import/scenario_draft.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "import/secret.h"
#include "import/plain_text.h"

#define NOTES_MAX 200
#define URL_MAX   ((size_t)64 << 10)
#define NAME_MAX_BYTES 100   /* of a header */

/* ---- beginning, end, notes ---- */

void
draft_start(struct draft *d, struct arena *a, const struct import_options *o)
{
	*d = (struct draft){ .arena = a, .options = o };
	d->s = arena_alloc(a, sizeof(*d->s));
	d->s->arena = a;
	d->s->reuse = (double)NAN;
	d->s->base = o->base;
}

void
draft_note(struct draft *d, uint64_t n, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	bool new;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (d->n_notes >= NOTES_MAX && !map_find(&d->note_places, text, strlen(text)))
		snprintf(text, sizeof(text), "other things");
	uint64_t *place = map_at(&d->note_places, text, strlen(text), &new);
	if (new) {
		*place = d->n_notes;
		*ARENA_PUSH(d->arena, d->notes, d->n_notes) =
		    (struct import_note){ .text = arena_strdup(d->arena, text) };
	}
	d->notes[*place].count += n;
}

static const struct scenario_pair *
find_header(const struct scenario_step *step, const struct scenario_pair *header)
{
	for (size_t i = 0; i < step->n_headers; i++)
		if (strcasecmp(step->headers[i].name, header->name) == 0 &&
		    strcmp(step->headers[i].value, header->value) == 0)
			return &step->headers[i];
	return NULL;
}

/* Do all requests have it? *ret_requests counts them. */
static bool
is_shared(const struct scenario *s, const struct scenario_pair *header, size_t *ret_requests)
{
	*ret_requests = 0;
	for (size_t f = 0; f < s->n_flows; f++)
		for (size_t i = 0; i < s->flows[f].n_steps; i++) {
			if (s->flows[f].steps[i].kind != STEP_HTTP)
				continue;
			++*ret_requests;
			if (!find_header(&s->flows[f].steps[i], header))
				return false;
		}
	return true;
}

static void
drop_header(struct scenario_step *step, const struct scenario_pair *header)
{
	const struct scenario_pair *found = find_header(step, header);

	if (!found)
		return;
	size_t at = (size_t)(found - step->headers);
	step->n_headers--;
	memmove(&step->headers[at], &step->headers[at + 1],
	    (step->n_headers - at) * sizeof(*step->headers));
}

static const struct scenario_step *
first_request(const struct scenario *s)
{
	for (size_t f = 0; f < s->n_flows; f++)
		for (size_t i = 0; i < s->flows[f].n_steps; i++)
			if (s->flows[f].steps[i].kind == STEP_HTTP)
				return &s->flows[f].steps[i];
	return NULL;
}

static void
share_headers(struct draft *d)
{
	struct scenario *s = d->s;
	const struct scenario_step *first = first_request(s);

	for (size_t i = 0; first && i < first->n_headers;) {
		struct scenario_pair header = first->headers[i];
		size_t requests;
		if (!is_shared(s, &header, &requests) || requests < 2) {
			i++;
			continue;
		}
		*ARENA_PUSH(d->arena, s->headers, s->n_headers) = header;
		for (size_t f = 0; f < s->n_flows; f++)
			for (size_t k = 0; k < s->flows[f].n_steps; k++)
				drop_header(&s->flows[f].steps[k], &header);
	}
}

/* Pauses alone are no load. */
static void
drop_idle_flows(struct scenario *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_flows; i++) {
		bool requests = false;
		for (size_t k = 0; k < s->flows[i].n_steps; k++)
			requests = requests || s->flows[i].steps[k].kind == STEP_HTTP;
		if (requests)
			s->flows[kept++] = s->flows[i];
	}
	s->n_flows = kept;
}

void
draft_end(struct draft *d)
{
	drop_idle_flows(d->s);
	share_headers(d);
	map_done(&d->note_places);
}

/* ---- URLs ---- */

/* Blanks, control characters and bytes beyond ASCII as %XX, expressions as they are; what follows
 * '#' is never sent. */
static const char *
clean_url(struct draft *d, const char *url)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	bool inside = false;

	for (const char *at = url; *at && (inside || *at != '#'); at++) {
		unsigned char c = (unsigned char)*at;
		if (c == '$' && at[1] == '{' && (at == url || at[-1] != '$'))
			inside = true;
		else if (c == '}')
			inside = false;
		if (!inside && (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`", c)))
			buf_printf(&out, "%%%02X", c);
		else
			buf_putc(&out, (char)c);
	}
	return arena_strdup(d->arena, buf_text(&out));
}

struct url_parts {
	const char *scheme, *host, *rest;   /* host: after credentials; rest: from the path on */
	size_t scheme_size, host_size;
	bool credentials;
};

/* false: no scheme, so a path. */
static bool
take_apart(const char *url, struct url_parts *ret)
{
	const char *mark = strstr(url, "://");
	size_t to_path = strcspn(url, "/?#");

	if (!mark || (size_t)(mark - url) + 1 > to_path)
		return false;
	*ret = (struct url_parts){ .scheme = url, .scheme_size = (size_t)(mark - url), .host = mark + 3 };
	ret->host_size = strcspn(ret->host, "/?#");
	ret->rest = ret->host + ret->host_size;
	const char *at = memrchr(ret->host, '@', ret->host_size);
	if (at) {
		ret->credentials = true;
		ret->host_size -= (size_t)(at + 1 - ret->host);
		ret->host = at + 1;
	}
	return true;
}

const char *
draft_origin(struct draft *d, const char *url)
{
	struct url_parts p;

	if (!take_apart(url, &p))
		return NULL;
	return clean_url(d, arena_printf(d->arena, "%.*s://%.*s", (int)p.scheme_size, p.scheme,
	    (int)p.host_size, p.host));
}

static const char *
hide_query(struct draft *d, const char *url)
{
	const char *query = strchr(url, '?');
	size_t hidden = 0;

	if (!query)
		return url;
	const char *safe = secret_query(d->arena, query + 1, false, &hidden);
	if (!hidden)
		return url;
	draft_note(d, hidden, "values of secret query parameters: set the environment variables instead");
	return arena_printf(d->arena, "%.*s?%s", (int)(query - url), url, safe);
}

/* A base is made before the first arrival, so only the environment may have a word in it. */
static bool
can_be_base(const char *origin)
{
	for (const char *at = origin; (at = strstr(at, "${")); at += 2)
		if (strncmp(at, "${env(", 6) != 0)
			return false;
	return true;
}

/* The path below the base, or the whole URL where it leads elsewhere. */
static const char *
place_url(struct draft *d, const char *url, bool *ret_credentials)
{
	struct url_parts p = { 0 };

	*ret_credentials = false;
	if (!take_apart(url, &p))
		return hide_query(d, clean_url(d, url));
	const char *origin = draft_origin(d, url);
	const char *rest = clean_url(d, p.rest);
	const char *path = *rest == '/' ? rest : arena_printf(d->arena, "/%s", rest);
	if (!d->origin && can_be_base(origin)) {
		d->origin = origin;
		d->s->base = d->s->base ? d->s->base : origin;
	}
	*ret_credentials = p.credentials;
	path = hide_query(d, path);
	return d->origin && strcmp(origin, d->origin) == 0 ? path : arena_printf(d->arena, "%s%s", origin, path);
}

/* ---- flows and steps ---- */

struct scenario_flow *
draft_flow(struct draft *d, const char *name)
{
	struct scenario_flow *flow = ARENA_PUSH(d->arena, d->s->flows, d->s->n_flows);

	*flow = (struct scenario_flow){ .name = name, .weight = 1 };
	return flow;
}

const char *
draft_file_title(struct draft *d, const char *path)
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
	size_t size = strcspn(last, ".");
	const char *title = draft_literal(d, last, size);

	return size && plain_is_line(title) ? title : "imported";
}

static struct scenario_step *
add_step(struct draft *d, enum scenario_step_kind kind)
{
	if (!d->s->n_flows)
		draft_flow(d, NULL);
	struct scenario_flow *flow = &d->s->flows[d->s->n_flows - 1];
	struct scenario_step *step = ARENA_PUSH(d->arena, flow->steps, flow->n_steps);
	step->kind = kind;
	return step;
}

/* A path, an expression that stands for a URL, or http with a host. */
static bool
is_loadable(const char *url)
{
	struct url_parts p = { 0 };

	if (strlen(url) > URL_MAX)
		return false;
	if (*url == '/' || (strncmp(url, "${", 2) == 0 && !take_apart(url, &p)))
		return true;
	bool scheme = take_apart(url, &p) && ((p.scheme_size == 4 && strncasecmp(url, "http", 4) == 0) ||
	    (p.scheme_size == 5 && strncasecmp(url, "https", 5) == 0));
	return scheme && p.host_size;
}

struct scenario_step *
draft_request(struct draft *d, const char *method, const char *url)
{
	bool credentials;

	if (!plain_is_token(method) || !is_loadable(url)) {
		draft_note(d, 1, "requests that are not HTTP");
		return NULL;
	}
	const char *placed = place_url(d, url, &credentials);
	struct scenario_step *step = add_step(d, STEP_HTTP);

	step->method = method;
	step->url = placed;
	if (credentials)
		draft_header(d, step, "Authorization", "hidden");
	return step;
}

void
draft_think(struct draft *d, double seconds)
{
	struct scenario_step *step = add_step(d, STEP_THINK);

	step->think = THINK_CONSTANT;
	step->think_s = seconds;
}

bool
draft_has_header(const struct scenario_step *step, const char *name)
{
	for (size_t i = 0; i < step->n_headers; i++)
		if (strcasecmp(step->headers[i].name, name) == 0)
			return true;
	return false;
}

/* Of one connection or one message (RFC 9110 section 7.6.1), so made anew when it is sent. */
static bool
is_of_connection(const char *name)
{
	static const char *const names[] = { "connection", "keep-alive", "proxy-connection", "te",
		"trailer", "transfer-encoding", "upgrade", "content-length", "expect", "http2-settings" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return name[0] == ':';
}

/* "${env(TOKEN)}" or "Bearer ${env(TOKEN)}": taken from the environment already. */
static bool
is_from_environment(const char *value)
{
	static const char mark[] = "${env(";
	size_t scheme = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (scheme && scheme <= 10 && value[scheme] == ' ')
		value += scheme + 1;
	const char *close = strchr(value, '}');
	return strncmp(value, mark, strlen(mark)) == 0 && close && !close[1];
}

/* What it may say in the scenario; NULL: nothing. */
static const char *
public_value(struct draft *d, const char *name, const char *value)
{
	if (strcasecmp(name, "cookie") == 0) {
		draft_note(d, 1, "cookies");
		return NULL;
	}
	if (strncasecmp(name, "if-", 3) == 0) {
		draft_note(d, 1, "header %s: it asks for an answer without a body", name);
		return NULL;
	}
	if (strcasecmp(name, "referer") == 0)
		return hide_query(d, value);
	if (!secret_name(name, strlen(name)) || is_from_environment(value))
		return value;
	const char *variable = secret_variable(d->arena, name, strlen(name));
	draft_note(d, 1, "value of header %s: set the environment variable %s instead", name, variable);
	return arena_printf(d->arena, "${env(%s)}", variable);
}

void
draft_header(struct draft *d, struct scenario_step *step, const char *name, const char *value)
{
	if (is_of_connection(name))
		return;
	if (!plain_is_token(name) || strlen(name) > NAME_MAX_BYTES || !plain_is_line(value)) {
		draft_note(d, 1, "headers that HTTP does not allow");
		return;
	}
	value = public_value(d, name, value);
	if (!value || draft_has_header(step, name))
		return;
	struct scenario_pair *pair = ARENA_PUSH(d->arena, step->headers, step->n_headers);
	pair->name = arena_strdup(d->arena, name);
	pair->value = arena_strdup(d->arena, value);
}

static bool
is_form(const struct scenario_step *step)
{
	for (size_t i = 0; i < step->n_headers; i++)
		if (strcasecmp(step->headers[i].name, "content-type") == 0)
			return strncasecmp(step->headers[i].value, "application/x-www-form-urlencoded", 33) == 0;
	return false;
}

bool
draft_body(struct draft *d, struct scenario_step *step, const char *text, size_t size)
{
	size_t hidden = 0;

	if (!plain_is_utf8(text, size)) {
		draft_note(d, 1, "bodies that are not text");
		return false;
	}
	const char *body = arena_strndup(d->arena, text, size);
	const char *safe = *body == '{' || *body == '[' ? secret_json(d->arena, body, &hidden) : NULL;
	if (!safe && is_form(step))
		safe = secret_query(d->arena, body, false, &hidden);
	if (hidden)
		draft_note(d, hidden, "values of secret fields in bodies: set the environment variables instead");
	step->body = safe ? safe : body;
	return true;
}

void
draft_expect_status(struct draft *d, struct scenario_step *step, const char *value)
{
	struct scenario_expect *expect = ARENA_PUSH(d->arena, step->expects, step->n_expects);

	expect->kind = EXPECT_STATUS;
	expect->value = value;
}
