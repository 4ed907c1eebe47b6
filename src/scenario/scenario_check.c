/* SPDX-License-Identifier: MIT */
/* What can only be said when everything has been read. Everything is compiled as it will be before
 * a run, except that feeders are not read and the environment is not asked. */
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/nearest.h"
#include "scenario/expect.h"
#include "scenario/extract.h"
#include "scenario/scenario_int.h"
#include "scenario/scope.h"
#include "scenario/template.h"

struct checking {
	struct loading *l;
	const struct scenario *s;
	struct scope scope;
	struct arena *scratch;     /* for what is compiled and thrown away */
};

static int __attribute__((format(printf, 4, 5)))
refuse(struct checking *c, struct node_place at, const char *hint, const char *fmt, ...)
{
	char why[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	int code = node_refuse(&c->l->file, at, "%s", why);
	if (hint && hint[0])
		err_hint(c->l->file.e, "%s", hint);
	return code;
}

static int
check_text(struct checking *c, const char *text, enum template_use use,
    struct node_place holder)
{
	struct template compiled;
	struct err why = { 0 };

	if (template_compile(text, use, &c->scope, c->scratch, &compiled, &why) == 0)
		return 0;
	return refuse(c, take_place(c->l, text, holder), why.hint, "%s", why.text);
}

/* ---- headers ---- */

static bool
is_token(const char *text)
{
	static const char chars[] = "!#$%&'*+-.^_`|~0123456789"
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	return *text && text[strspn(text, chars)] == '\0';
}

static int
check_headers(struct checking *c, const struct scenario_pair *headers, size_t n)
{
	static const char *const counted[] = { "content-length", "transfer-encoding" };
	int code = 0;

	for (size_t i = 0; i < n && code == 0; i++) {
		const struct scenario_pair *h = &headers[i];
		if (!is_token(h->name))
			return refuse(c, h->place, "letters, digits and '-' make a name",
			    "'%.80s' is not the name of a header", h->name);
		for (size_t k = 0; k < COUNT_OF(counted); k++)
			if (strcasecmp(h->name, counted[k]) == 0)
				return refuse(c, h->place, "leave it out",
				    "'%s' follows from the body and cannot be set", h->name);
		code = check_text(c, h->value, TEMPLATE_HEADER, h->place);
	}
	return code;
}

/* ---- names ---- */

/* A variable's text may use those before it. */
static int
check_variables(struct checking *c)
{
	int code = 0;

	for (size_t i = 0; i < c->s->n_variables && code == 0; i++) {
		const struct scenario_pair *v = &c->s->variables[i];
		if (!scope_is_name(v->name))
			return refuse(c, v->place, "letters, digits, '_' and '-', not a digit first",
			    "'%.80s' cannot be the name of a variable", v->name);
		code = check_text(c, v->value, TEMPLATE_BODY, v->place);
		scope_define(&c->scope, v->name);
	}
	return code;
}

static int
check_feeders(struct checking *c)
{
	const struct scenario *s = c->s;
	struct scope_feeder *feeders = arena_alloc(c->scratch, (s->n_feeders + 1) * sizeof(*feeders));

	for (size_t i = 0; i < s->n_feeders; i++) {
		const struct scenario_feeder *f = &s->feeders[i];
		if (!scope_is_name(f->name))
			return refuse(c, f->place, "letters, digits, '_' and '-', not a digit first",
			    "'%.80s' cannot be the name of a feeder", f->name);
		if (f->exponent > 20)
			return refuse(c, f->place, "1 is Zipf's own; 0.5 is flatter, 2 steeper",
			    "an exponent above 20 leaves one row");
		feeders[i].name = f->name;
	}
	c->scope.feeders = feeders;
	c->scope.n_feeders = s->n_feeders;
	return 0;
}

/* ---- steps ---- */

/* What speaks to what: the scheme says the protocol. */
static const struct scheme {
	const char *name;
	enum scenario_step_kind kind;
} schemes[] = {
	{ "http://", STEP_HTTP }, { "https://", STEP_HTTP },
	{ "ws://", STEP_MESSAGE }, { "wss://", STEP_MESSAGE },
	{ "postgresql://", STEP_QUERY }, { "postgres://", STEP_QUERY },
	{ "redis://", STEP_COMMAND }, { "rediss://", STEP_COMMAND },
};

static const char *const kind_names[] = {
	[STEP_HTTP] = "an HTTP request", [STEP_MESSAGE] = "a WebSocket message",
	[STEP_QUERY] = "a PostgreSQL query", [STEP_COMMAND] = "a Redis command",
	[STEP_THINK] = "a pause",
};

static const struct scheme *
scheme_of(const char *url)
{
	for (size_t i = 0; i < COUNT_OF(schemes); i++)
		if (strncasecmp(url, schemes[i].name, strlen(schemes[i].name)) == 0)
			return &schemes[i];
	return NULL;
}

/* It stays the same for the whole run, so of all expressions only env() has a place in it. */
static int
check_base(struct checking *c)
{
	static const struct node_place nowhere;
	const char *base = c->s->base;
	struct template compiled;
	struct err why = { 0 };

	if (!base)
		return 0;
	struct node_place at = take_place(c->l, base, nowhere);
	if (!scheme_of(base) && strncmp(base, "${", 2) != 0)
		return refuse(c, at,
		    "write base: http://127.0.0.1:8080 (or https, ws, wss, postgresql, redis)",
		    "base: '%.100s' is not a URL that prony speaks", base);
	if (template_compile(base, TEMPLATE_BODY, &c->scope, c->scratch, &compiled, &why) < 0)
		return refuse(c, at, why.hint, "base: %s", why.text);
	return template_is_static(&compiled) ? 0 :
	    refuse(c, at, "write ${env(NAME)}", "base: of all expressions only env() can stand here");
}

static int
check_url(struct checking *c, const struct scenario_step *step)
{
	struct node_place at = take_place(c->l, step->url, step->place);
	const struct scheme *scheme = scheme_of(step->url);

	if (step->url[0] != '/' && strncmp(step->url, "${", 2) != 0 &&
	    (!scheme || scheme->kind != STEP_HTTP))
		return refuse(c, at, "write a path below 'base', /catalog, or a whole http:// URL",
		    "'%.100s' is neither a path nor a URL", step->url);
	if (strchr(step->url, '#'))
		return refuse(c, at, "leave it out; in a value write %23",
		    "'#': what follows stays in the browser and is never sent");
	if (!is_token(step->method))
		return refuse(c, take_place(c->l, step->method, step->place), NULL,
		    "'%.80s' is not a method", step->method);
	return check_text(c, step->url, TEMPLATE_URL, step->place);
}

static int
check_protocol(struct checking *c, const struct scenario_step *step)
{
	const struct scheme *scheme = c->s->base ? scheme_of(c->s->base) : NULL;

	if (!scheme || scheme->kind == step->kind || step->kind == STEP_THINK ||
	    (step->kind == STEP_HTTP && step->url[0] != '/'))
		return 0;
	return refuse(c, step->place, "one scenario speaks to one service: change 'base' or the step",
	    "%s cannot go to a base that begins with %s", kind_names[step->kind], scheme->name);
}

static int
check_expects(struct checking *c, const struct scenario_step *step)
{
	struct expect compiled;
	struct err why = { 0 };

	for (size_t i = 0; i < step->n_expects; i++) {
		const struct scenario_expect *x = &step->expects[i];
		struct node_place at = take_place(c->l, x->value, x->place);
		if (step->kind != STEP_HTTP && (x->kind == EXPECT_STATUS || x->kind == EXPECT_HEADER))
			return refuse(c, at, NULL, "%s has no status and no headers", kind_names[step->kind]);
		if (expect_compile(x, c->scratch, &compiled, &why) < 0)
			return refuse(c, x->kind == EXPECT_JSON ? x->place : at, why.hint, "%s", why.text);
	}
	return 0;
}

static int
check_extracts(struct checking *c, const struct scenario_step *step)
{
	for (size_t i = 0; i < step->n_extracts; i++) {
		const struct scenario_extract *x = &step->extracts[i];
		struct extract compiled;
		struct err why = { 0 };
		if (!scope_is_name(x->variable))
			return refuse(c, x->place, "letters, digits, '_' and '-', not a digit first",
			    "'%.80s' cannot be the name of a variable", x->variable);
		if (step->kind != STEP_HTTP && x->from == EXTRACT_HEADER)
			return refuse(c, x->place, NULL, "%s has no headers", kind_names[step->kind]);
		int code = extract_compile(x, c->scratch, &compiled, &why);
		extract_done(&compiled);
		if (code < 0)
			return refuse(c, take_place(c->l, x->what, x->place), why.hint, "%s", why.text);
		scope_define(&c->scope, x->variable);
	}
	return 0;
}

static int
check_step(struct checking *c, const struct scenario_step *step)
{
	int code = check_protocol(c, step);

	if (code == 0 && step->kind == STEP_HTTP)
		code = check_url(c, step);
	if (code == 0)
		code = check_headers(c, step->headers, step->n_headers);
	if (code == 0 && step->body)
		code = check_text(c, step->body, TEMPLATE_BODY, step->place);
	for (size_t i = 0; i < step->n_arguments && code == 0; i++)
		code = check_text(c, step->arguments[i], TEMPLATE_BODY, step->place);
	if (code == 0)
		code = check_expects(c, step);
	return code < 0 ? code : check_extracts(c, step);
}

static int
check_flow(struct checking *c, const struct scenario_flow *flow)
{
	size_t requests = 0;
	int code = 0;

	scope_next_flow(&c->scope);
	for (size_t i = 0; i < flow->n_steps && code == 0; i++) {
		requests += flow->steps[i].kind != STEP_THINK;
		code = check_step(c, &flow->steps[i]);
	}
	if (code == 0 && !requests)
		return refuse(c, flow->place, "add a request, as '- get: /path'",
		    "a flow without a request");
	if (code == 0 && flow->n_steps > 1 && !flow->name)
		return refuse(c, flow->place, "write name: browse", "a flow of %zu steps without a name",
		    flow->n_steps);
	return code;
}

static int
check_all(struct checking *c)
{
	const struct scenario *s = c->s;

	int code = check_base(c);
	if (code == 0)
		code = check_feeders(c);
	if (code == 0)
		code = check_variables(c);
	if (code == 0)
		code = check_headers(c, s->headers, s->n_headers);
	for (size_t i = 0; i < s->n_flows && code == 0; i++)
		code = check_flow(c, &s->flows[i]);
	return code;
}

int
scenario_check(struct loading *l, const struct scenario *s)
{
	struct checking c = { .l = l, .s = s, .scratch = arena_new() };

	int code = check_all(&c);
	scope_done(&c.scope);
	arena_free(c.scratch);
	return code;
}
