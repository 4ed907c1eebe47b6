/* SPDX-License-Identifier: MIT */
#include "load/program.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/nearest.h"
#include "load/program_int.h"
#include "scenario/extract.h"

/* ---- a scenario of URLs -------------------------------------------------------------------- */

static struct scenario_pair
header_pair(struct arena *a, const char *line)
{
	size_t n = strcspn(line, ":");
	const char *value = line + n + (line[n] == ':');

	return (struct scenario_pair){
		.name = arena_strndup(a, line, n), .value = value + strspn(value, " \t"),
	};
}

/* What a URL alone asks for. */
static struct scenario_step
usual_step(const char *url)
{
	static const char *const ping[] = { "PING" };
	struct url u;
	struct err ignored;
	struct scenario_step s = { .kind = STEP_HTTP, .method = "GET", .url = url };

	if (url_parse(url, &u, &ignored) < 0)
		return s;
	switch (u.scheme) {
	case URL_WS:
	case URL_WSS:
		return (struct scenario_step){ .kind = STEP_MESSAGE, .name = "message", .body = "prony" };
	case URL_POSTGRESQL:
		return (struct scenario_step){ .kind = STEP_QUERY, .name = "SELECT 1", .body = "SELECT 1" };
	case URL_REDIS:
	case URL_REDISS:
		return (struct scenario_step){
			.kind = STEP_COMMAND, .name = "PING", .arguments = (const char **)ping, .n_arguments = 1,
		};
	default:
		return s;
	}
}

/* Each URL is a flow of one request. */
static struct scenario *
scenario_of_urls(const struct spec *spec, struct arena *a)
{
	struct scenario *s = arena_alloc(a, sizeof(*s));

	s->arena = a;
	s->base = spec->n_urls ? spec->urls[0] : NULL;
	for (size_t i = 0; i < spec->n_urls; i++) {
		struct scenario_flow *f = ARENA_PUSH(a, s->flows, s->n_flows);
		struct scenario_step *step = ARENA_PUSH(a, f->steps, f->n_steps);
		f->weight = 1;
		*step = usual_step(spec->urls[i]);
	}
	return s;
}

/* Headers of the command line go into every request, in front of those of a step. */
static void
add_headers(const struct spec *spec, struct making *m)
{
	for (size_t i = 0; i < spec->n_headers; i++)
		*ARENA_PUSH(m->p->arena, m->headers, m->n_headers) =
		    header_pair(m->p->arena, spec->headers[i]);
	for (size_t i = 0; i < m->s->n_headers; i++)
		*ARENA_PUSH(m->p->arena, m->headers, m->n_headers) = m->s->headers[i];
}

static const char *
header_lines(const struct making *m)
{
	const char *lines = "";

	for (size_t i = 0; i < m->n_headers; i++)
		lines = arena_printf(m->p->arena, "%s%s: %s\r\n", lines, m->headers[i].name,
		    m->headers[i].value);
	return lines;
}

/* ---- what the texts refer to --------------------------------------------------------------- */

static int
load_feeders(struct making *m, struct err *e)
{
	struct program *p = m->p;
	const char *folder = ".";

	if (m->s->file)
		folder = dirname(arena_strdup(p->arena, m->s->file));
	p->feeders = arena_alloc(p->arena, (m->s->n_feeders + 1) * sizeof(struct feeder *));
	m->scope_feeders = arena_alloc(p->arena, (m->s->n_feeders + 1) * sizeof(*m->scope_feeders));
	for (size_t i = 0; i < m->s->n_feeders; i++) {
		int code = feeder_load(&m->s->feeders[i], folder, p->arena, &p->feeders[i], e);
		if (code < 0)
			return code;
		p->n_feeders++;
		m->scope_feeders[i] = (struct scope_feeder){ m->s->feeders[i].name, p->feeders[i] };
	}
	m->scope.feeders = m->scope_feeders;
	m->scope.n_feeders = p->n_feeders;
	m->scope.env = m->env;
	return 0;
}

/* The values of the scenario's variables: the same for every arrival, or drawn for each. */
static int
define_variables(struct making *m, struct view **ret_values, struct err *e)
{
	struct arena *a = m->p->arena;
	struct view *values = arena_alloc(a, (m->s->n_variables + 1) * sizeof(*values));

	for (size_t i = 0; i < m->s->n_variables; i++) {
		const struct scenario_pair *v = &m->s->variables[i];
		struct template t;
		int code = template_compile(v->value, TEMPLATE_BODY, &m->scope, a, &t, e);
		if (code < 0)
			return err_wrap(e, code, "variable '%s'", v->name);
		uint32_t index = scope_define(&m->scope, v->name);
		if (template_is_static(&t))
			values[index] = (struct view){ t.literal, t.literal_size };
		else
			*ARENA_PUSH(a, m->p->drawn, m->p->n_drawn) = (struct drawn){ index, t };
	}
	*ret_values = values;
	return 0;
}

/* ---- flows --------------------------------------------------------------------------------- */

static int
make_flow(struct making *m, const struct scenario_flow *from, struct flow *to, struct err *e)
{
	struct program *p = m->p;
	size_t requests = 0;

	scope_next_flow(&m->scope);
	to->weight = from->weight;
	to->steps = arena_alloc(p->arena, from->n_steps * sizeof(*to->steps));
	for (size_t i = 0; i < from->n_steps; i++) {
		const struct scenario_step *step = &from->steps[i];
		struct flow_step *out = &to->steps[to->n_steps++];
		*out = (struct flow_step){
			.is_pause = step->kind == STEP_THINK, .think = step->think,
			.think_s = step->think_s, .think_sigma = step->think_sigma,
			.route = (uint32_t)p->n_routes,
		};
		if (out->is_pause)
			continue;
		requests++;
		int code = route_make(m, step, &p->routes[p->n_routes++], e);
		if (code < 0)
			return code;
	}
	to->is_single = to->n_steps == 1 && requests == 1 && !p->n_drawn;
	to->name = from->name ? from->name
	    : requests ? p->routes[p->n_routes - requests].name : "pause";
	return requests ? 0 : err_usage(e, "the flow '%s' asks for nothing", to->name);
}

static int
make_flows(struct making *m, struct err *e)
{
	struct program *p = m->p;
	size_t steps = 0;

	for (size_t i = 0; i < m->s->n_flows; i++)
		steps += m->s->flows[i].n_steps;
	double *weights = arena_alloc(p->arena, (m->s->n_flows + 1) * sizeof(*weights));
	p->routes = arena_alloc(p->arena, (steps + 1) * sizeof(*p->routes));
	p->flows = arena_alloc(p->arena, (m->s->n_flows + 1) * sizeof(*p->flows));
	for (size_t i = 0; i < m->s->n_flows; i++) {
		int code = make_flow(m, &m->s->flows[i], &p->flows[p->n_flows++], e);
		if (code < 0)
			return code;
		weights[i] = m->s->flows[i].weight;
	}
	p->mix = mix_make(p->arena, weights, (uint32_t)p->n_flows);
	return 0;
}

/* ---- the protocol -------------------------------------------------------------------------- */

static int
choose_protocol(const struct spec *spec, struct program *p, struct err *e)
{
	switch (p->target.scheme) {
	case URL_HTTP:
	case URL_HTTPS:
		p->protocol = spec->http2 ? &protocol_http2 : &protocol_http1;
		break;
	case URL_WS:
	case URL_WSS:
		p->protocol = &protocol_websocket;
		break;
	case URL_POSTGRESQL:
		p->protocol = &protocol_postgres;
		break;
	case URL_REDIS:
	case URL_REDISS:
		p->protocol = &protocol_redis;
		break;
	case URL_SCHEMES:
		break;
	}
	p->depth = spec->streams ? (uint32_t)spec->streams : p->protocol->usually_at_once;
	if (p->depth <= p->protocol->most_at_once)
		return 0;
	err_usage(e, "%s carries one request at a time on a connection, not %u", p->protocol->name,
	    p->depth);
	err_hint(e, p->protocol == &protocol_http1 ? "leave out --streams, or speak HTTP/2 with --http2"
	                                           : "leave out --streams");
	return -EINVAL;
}

static int
find_target(const struct spec *spec, struct making *m, struct err *e)
{
	const char *base = spec->n_urls ? spec->urls[0] : m->s->base;

	for (size_t i = 0; !base && i < m->s->n_flows; i++)
		for (size_t k = 0; !base && k < m->s->flows[i].n_steps; k++)
			if (m->s->flows[i].steps[k].url && strstr(m->s->flows[i].steps[k].url, "://"))
				base = m->s->flows[i].steps[k].url;
	if (base)
		return url_parse(arena_strdup(m->p->arena, base), &m->p->target, e);
	err_usage(e, "no URL to load");
	err_hint(e, "name it, or write 'base: http://127.0.0.1:8080' into the scenario");
	return -EINVAL;
}

/* A promise of a route that nobody asks for could neither be kept nor broken. */
static int
check_promise(struct program *p, const struct target *t, struct err *e)
{
	struct nearest near = { .word = t->route };

	for (size_t i = 0; i < p->n_routes; i++) {
		const char *name = url_public(p->arena, p->routes[i].name);
		if (strcmp(name, t->route) == 0)
			return 0;
		nearest_try(&near, name);
	}
	int code = err_usage(e, "'%s': there is no route '%s'", t->text, t->route);
	if (near.best)
		err_hint(e, "did you mean '%s'?", near.best);
	else
		err_hint(e, "the first one is '%s'", url_public(p->arena, p->routes[0].name));
	return code;
}

static int
check_promises(const struct spec *spec, struct program *p, struct err *e)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < spec->n_targets; i++)
		if (spec->targets[i].route)
			code = check_promise(p, &spec->targets[i], e);
	return code;
}

static int
make(const struct spec *spec, struct making *m, struct err *e)
{
	struct program *p = m->p;
	struct view *values = NULL;
	int code = find_target(spec, m, e);

	if (code == 0)
		code = choose_protocol(spec, p, e);
	if (code == 0)
		code = load_feeders(m, e);
	if (code == 0)
		code = define_variables(m, &values, e);
	if (code == 0)
		code = make_flows(m, e);
	if (code == 0)
		code = check_promises(spec, p, e);
	p->n_variables = m->scope.n_variables;
	p->variables = arena_alloc(p->arena, (p->n_variables + 1) * sizeof(*p->variables));
	if (code == 0)
		memcpy(p->variables, values, m->s->n_variables * sizeof(*values));
	return code;
}

static const char *
environment(const char *name)
{
	return getenv(name);
}

int
program_make(const struct spec *spec, struct program *ret, struct err *e)
{
	struct making m = { .p = ret, .env = environment };

	*ret = (struct program){
		.arena = arena_new(), .reuse = spec->reuse, .seed = spec->seed,
		.tls_resume = spec->tls_resume, .insecure = spec->insecure, .ca = spec->ca,
	};
	m.s = spec->scenario ? spec->scenario : scenario_of_urls(spec, ret->arena);
	add_headers(spec, &m);
	ret->upgrade_headers = header_lines(&m);
	int code = make(spec, &m, e);
	scope_done(&m.scope);
	return code;
}

void
program_done(struct program *p)
{
	for (size_t i = 0; i < p->n_feeders; i++)
		feeder_free(p->feeders[i]);
	arena_free(p->arena);
	*p = (struct program){ 0 };
}
