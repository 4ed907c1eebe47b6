/* SPDX-License-Identifier: MIT */
/* From a step of a scenario to a route: templates, and bytes where nothing varies. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "load/program_int.h"
#include "net/http2_request.h"

/* Accept-Encoding as a browser would: whether the service compresses is part of what it costs. */
static const struct scenario_pair usual[] = {
	{ .name = "User-Agent", .value = "prony/" PRONY_VERSION },
	{ .name = "Accept", .value = "*/*" },
	{ .name = "Accept-Encoding", .value = "gzip" },
};

/* Events are timed as they come: nothing on the way may gather them. */
static const struct scenario_pair usual_of_streams[] = {
	{ .name = "User-Agent", .value = "prony/" PRONY_VERSION },
	{ .name = "Accept", .value = "text/event-stream" },
	{ .name = "Accept-Encoding", .value = "identity" },
};

static int
compile(struct making *m, const char *text, enum template_use use, struct route *r,
    struct template *ret, struct err *e)
{
	int code = template_compile(text, use, &m->scope, m->p->arena, ret, e);

	r->varies = r->varies || (code == 0 && !template_is_static(ret));
	return code < 0 ? err_wrap(e, code, "'%s'", text) : 0;
}

/* ---- where it goes ------------------------------------------------------------------------- */

/* The path and query of a step's URL: what follows the host, or what is below the base. */
static const char *
path_of(struct making *m, const char *url, struct err *e)
{
	const char *authority = strstr(url, "://");
	struct url u;

	if (!authority) {
		const char *base = m->p->target.path;
		size_t n = strlen(base);
		while (n && base[n - 1] == '/')
			n--;
		return arena_printf(m->p->arena, "%.*s%s%s", (int)n, base, url[0] == '/' ? "" : "/", url);
	}
	const char *path = strchr(authority + 3, '/');
	const char *host = path ? arena_strndup(m->p->arena, url, (size_t)(path - url)) : url;
	if (url_parse(host, &u, e) < 0)
		return NULL;
	if (u.port != m->p->target.port || u.scheme != m->p->target.scheme ||
	    strcmp(u.host, m->p->target.host) != 0) {
		err_usage(e, "%s is another service than %s://%s", host,
		    url_scheme_name(m->p->target.scheme), m->p->target.authority);
		err_hint(e, "a scenario loads one service: leave the others out");
		return NULL;
	}
	return path ? path : "/";
}

/* ---- headers ------------------------------------------------------------------------------- */

static bool
is_given(const struct making *m, const struct scenario_step *step, const char *name)
{
	for (size_t i = 0; i < step->n_headers; i++)
		if (strcasecmp(step->headers[i].name, name) == 0)
			return true;
	for (size_t i = 0; i < m->n_headers; i++)
		if (strcasecmp(m->headers[i].name, name) == 0)
			return true;
	return false;
}

static int
add_header(struct making *m, struct route *r, const struct scenario_pair *h, struct err *e)
{
	struct route_header *out = ARENA_PUSH(m->p->arena, r->headers, r->n_headers);

	out->name = h->name;
	return compile(m, h->value, TEMPLATE_HEADER, r, &out->value, e);
}

static bool
overridden(const struct scenario_step *step, const char *name)
{
	for (size_t i = 0; i < step->n_headers; i++)
		if (strcasecmp(step->headers[i].name, name) == 0)
			return true;
	return false;
}

static int
add_headers(struct making *m, const struct scenario_step *step, struct route *r, struct err *e)
{
	const struct scenario_pair host = { .name = "Host", .value = m->p->target.authority };
	const struct scenario_pair *own = step->stream == STREAM_NONE ? usual : usual_of_streams;
	int code = is_given(m, step, "Host") ? 0 : add_header(m, r, &host, e);

	for (size_t i = 0; code == 0 && i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!is_given(m, step, own[i].name))
			code = add_header(m, r, &own[i], e);
	for (size_t i = 0; code == 0 && i < m->n_headers; i++)
		if (!overridden(step, m->headers[i].name))
			code = add_header(m, r, &m->headers[i], e);
	for (size_t i = 0; code == 0 && i < step->n_headers; i++)
		code = add_header(m, r, &step->headers[i], e);
	return code;
}

/* ---- bytes --------------------------------------------------------------------------------- */

void
program_render_http1(const struct program *p, const struct route *r,
    const struct template_values *v, struct buf *body, struct buf *out)
{
	(void)p;
	buf_puts(out, r->method);
	buf_putc(out, ' ');
	template_render(&r->path, v, out);
	buf_puts(out, " HTTP/1.1\r\n");
	for (size_t i = 0; i < r->n_headers; i++) {
		buf_puts(out, r->headers[i].name);
		buf_puts(out, ": ");
		template_render(&r->headers[i].value, v, out);
		buf_puts(out, "\r\n");
	}
	buf_clear(body);
	if (r->has_body) {
		template_render(&r->body, v, body);
		buf_printf(out, "Content-Length: %zu\r\n", body->size);
	}
	buf_puts(out, "\r\n");
	buf_append(out, buf_text(body), body->size);
}

static void
make_http1(struct making *m, struct route *r)
{
	static const struct template_values nothing;
	struct buf body = { 0 }, out = { 0 };

	program_render_http1(m->p, r, &nothing, &body, &out);
	r->bytes = arena_alloc(m->p->arena, out.size + 1);
	memcpy(r->bytes, out.data, out.size);
	r->size = out.size;
	buf_done(&body);
	buf_done(&out);
}

/* Fields that vary get their values with each request. */
static int
make_http2(struct making *m, struct route *r, struct err *e)
{
	struct arena *a = m->p->arena;
	struct http2_request *q = r->http2 = arena_alloc(a, sizeof(*q));
	int code = 0;

	http2_request_begin(q, a, r->method, url_is_secure(&m->p->target) ? "https" : "http",
	    m->p->target.authority, template_is_static(&r->path) ? r->path.literal : "/");
	for (size_t i = 0; code >= 0 && i < r->n_headers; i++) {
		struct route_header *h = &r->headers[i];
		code = h->http2_field = http2_request_add(q, a, h->name, template_is_static(&h->value) ? h->value.literal
		                                                                     : "-");
		if (code == -ENOENT)
			code = 0;
		if (code < 0)
			return err_usage(e, "the header '%s' does not go with HTTP/2", h->name);
	}
	if (r->has_body)
		code = http2_request_body(q, a, r->body.literal, r->body.literal_size);
	r->http2_length_field = (int)q->n_fields - 1;
	return code < 0 ? err_usage(e, "too many headers for HTTP/2") : 0;
}

/* ---- what is looked at in the answer ------------------------------------------------------- */

static int
add_expects(struct making *m, const struct scenario_step *step, struct route *r, struct err *e)
{
	r->expects = arena_alloc(m->p->arena, (step->n_expects + 1) * sizeof(*r->expects));
	for (size_t i = 0; i < step->n_expects; i++) {
		struct expect *x = &r->expects[r->n_expects++];
		int code = expect_compile(&step->expects[i], m->p->arena, x, e);
		if (code < 0)
			return code;
		r->expects_status = r->expects_status || x->kind == EXPECT_STATUS;
		r->wants_head = r->wants_head || x->kind == EXPECT_HEADER;
		r->wants_body = r->wants_body || x->kind == EXPECT_CONTAINS || x->kind == EXPECT_LACKS ||
		    x->kind == EXPECT_JSON;
	}
	return 0;
}

static void
add_extracts(struct making *m, const struct scenario_step *step, struct route *r)
{
	r->extracts = step->extracts;
	r->n_extracts = step->n_extracts;
	r->first_extract = m->p->n_extracts;
	m->p->n_extracts += (uint32_t)step->n_extracts;
	r->extracts_to = arena_alloc(m->p->arena, (step->n_extracts + 1) * sizeof(uint32_t));
	for (size_t i = 0; i < step->n_extracts; i++) {
		r->extracts_to[i] = scope_define(&m->scope, step->extracts[i].variable);
		r->wants_head = r->wants_head || step->extracts[i].from == EXTRACT_HEADER;
		r->wants_body = r->wants_body || step->extracts[i].from != EXTRACT_HEADER;
	}
}

/* ---- a route ------------------------------------------------------------------------------- */

static int
make_http(struct making *m, const struct scenario_step *step, struct route *r, struct err *e)
{
	r->method = step->method ? step->method : "GET";
	r->head = strcmp(r->method, "HEAD") == 0;
	const char *path = path_of(m, step->url ? step->url : "/", e);
	if (!path)
		return -EINVAL;
	r->name = step->name ? step->name : path;
	int code = compile(m, path, TEMPLATE_URL, r, &r->path, e);
	if (code == 0)
		code = add_headers(m, step, r, e);
	r->has_body = step->body != NULL;
	if (code == 0 && r->has_body)
		code = compile(m, step->body, TEMPLATE_BODY, r, &r->body, e);
	if (code == 0 && m->p->protocol == &protocol_http2)
		return make_http2(m, r, e);
	if (code == 0 && !r->varies)
		make_http1(m, r);
	return code;
}

/* A message, a statement with its values, or the words of a command. */
static int
make_texts(struct making *m, const struct scenario_step *step, struct route *r, struct err *e)
{
	struct arena *a = m->p->arena;
	int code = step->body ? compile(m, step->body, TEMPLATE_BODY, r, &r->body, e) : 0;

	if (code == 0 && r->varies && step->kind == STEP_QUERY) {
		err_usage(e, "the statement '%s' has an expression in it", step->body);
		err_hint(e, "write $1 there, and the expression among its parameters");
		return -EINVAL;
	}
	r->arguments = arena_alloc(a, (step->n_arguments + 1) * sizeof(*r->arguments));
	for (size_t i = 0; code == 0 && i < step->n_arguments; i++)
		code = compile(m, step->arguments[i], TEMPLATE_BODY, r, &r->arguments[r->n_arguments++], e);
	r->name = step->name ? step->name : step->body ? step->body
	    : step->n_arguments ? step->arguments[0] : "message";
	return code;
}

/* Which steps does a protocol know? */
static bool
goes_with(const struct protocol *p, enum scenario_step_kind kind)
{
	return kind == STEP_HTTP ? p == &protocol_http1 || p == &protocol_http2
	    : kind == STEP_MESSAGE ? p == &protocol_websocket
	    : kind == STEP_QUERY ? p == &protocol_postgres : p == &protocol_redis;
}

int
route_make(struct making *m, const struct scenario_step *step, struct route *ret, struct err *e)
{
	*ret = (struct route){ .kind = step->kind, .stream = step->stream };
	if (!goes_with(m->p->protocol, step->kind))
		return err_usage(e, "line %d of the scenario: such a step does not go with %s://",
		    step->place.line, url_scheme_name(m->p->target.scheme));
	if (step->n_arguments > ROUTE_ARGUMENTS_MAX)
		return err_usage(e, "more than %d words or parameters", ROUTE_ARGUMENTS_MAX);
	int code = step->kind == STEP_HTTP ? make_http(m, step, ret, e) : make_texts(m, step, ret, e);
	if (code == 0)
		code = add_expects(m, step, ret, e);
	if (code == 0)
		add_extracts(m, step, ret);
	return code;
}
