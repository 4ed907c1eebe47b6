/* SPDX-License-Identifier: MIT */
/* Lua scripts of wrk and wrk2: what they set in the table `wrk`, and request functions that return
 * wrk.format(...) of values that can be told. Everything else is left out and named by its line. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "import/format.h"
#include "import/lua_value.h"
#include "import/plain_text.h"

struct wrk {
	struct lua lua;
	const char *method, *path, *body, *scheme, *host, *port;
	struct scenario_pair *headers; size_t n_headers;
};

static void __attribute__((format(printf, 3, 4)))
leave_out(struct wrk *w, size_t i, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	draft_note(w->lua.d, 1, "%s:%d: %s", w->lua.script.name, script_at(&w->lua.script, i)->line, what);
}

static const char *
text_at(struct wrk *w, size_t i)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	size_t end;

	return lua_text(&w->lua, i, &text, &end) ? arena_strdup(w->lua.d->arena, buf_text(&text)) : NULL;
}

/* ---- the table wrk ---- */

static void
set_header(struct wrk *w, const char *name, size_t value)
{
	const char *text = text_at(w, value);

	if (!text) {
		leave_out(w, value, "header %.60s depends on the run", name);
		return;
	}
	struct scenario_pair *pair = ARENA_PUSH(w->lua.d->arena, w->headers, w->n_headers);
	*pair = (struct scenario_pair){ .name = name, .value = text };
}

static void
set_headers(struct wrk *w, size_t table)
{
	struct lua_item item;

	while (table && lua_next_item(&w->lua, &table, &item))
		if (item.name)
			set_header(w, item.name, item.value);
}

/* wrk.headers["Name"] = value, wrk.headers.Name = value, wrk.headers = { ... }. */
static void
take_headers(struct wrk *w, size_t i)
{
	const struct script *s = &w->lua.script;

	if (script_is(s, i, "["))
		set_header(w, script_at(s, i + 1)->text, i + 4);
	else if (script_is(s, i, "."))
		set_header(w, script_at(s, i + 1)->text, i + 3);
	else if (script_is(s, i, "="))
		set_headers(w, lua_table(&w->lua, i + 1));
}

static void
take_setting(struct wrk *w, size_t i)
{
	const struct { const char *name; const char **to; } fields[] = {
		{ "method", &w->method }, { "path", &w->path }, { "body", &w->body },
		{ "scheme", &w->scheme }, { "host", &w->host }, { "port", &w->port },
	};
	const struct script *s = &w->lua.script;

	if (script_is(s, i + 2, "headers")) {
		take_headers(w, i + 3);
		return;
	}
	if (!script_is(s, i + 3, "=") || script_is(s, i + 4, "="))
		return;
	for (size_t f = 0; f < COUNT_OF(fields); f++) {
		if (!script_is(s, i + 2, fields[f].name))
			continue;
		const char *text = text_at(w, i + 4);
		if (text)
			*fields[f].to = text;
		else if (!script_is(s, i + 4, "nil"))
			leave_out(w, i, "wrk.%s depends on the run", fields[f].name);
		return;
	}
	leave_out(w, i, "wrk.%.40s", script_at(s, i + 2)->text);
}

/* ---- requests ---- */

static const char *
whole_url(struct wrk *w, const char *path)
{
	if (!w->host)
		return path;
	return arena_printf(w->lua.d->arena, "%s://%s%s%s%s", w->scheme ? w->scheme : "http", w->host,
	    w->port ? ":" : "", w->port ? w->port : "", path);
}

static void
add_request(struct wrk *w, const char *method, const char *path, const char *body, size_t headers)
{
	struct draft *d = w->lua.d;
	const struct scenario_pair *shared = w->headers;
	size_t n = w->n_headers;

	draft_flow(d, NULL);
	struct scenario_step *step = draft_request(d, method, whole_url(w, path));
	if (!step)
		return;
	/* A table of its own stands instead of wrk.headers. */
	if (headers) {
		w->headers = NULL;
		w->n_headers = 0;
		set_headers(w, headers);
	}
	for (size_t i = 0; i < w->n_headers; i++)
		draft_header(d, step, w->headers[i].name, w->headers[i].value);
	w->headers = (struct scenario_pair *)shared;
	w->n_headers = n;
	if (body)
		draft_body(d, step, body, strlen(body));
}

/* One argument of wrk.format; nil and none mean what the table wrk says. false: it depends on the
 * run. */
static bool
argument(struct wrk *w, const size_t *args, size_t n, size_t which, const char *preset,
    const char **ret)
{
	const struct script *s = &w->lua.script;

	*ret = preset;
	if (which >= n || script_is(s, args[which], "nil"))
		return true;
	if (script_reads(s, args[which], "wrk .") && !script_is(s, args[which] + 3, ".."))
		return true;
	*ret = text_at(w, args[which]);
	return *ret != NULL;
}

/* wrk.format(method, path, headers, body); `bracket` is its bracket. */
static void
take_format(struct wrk *w, size_t bracket)
{
	const struct script *s = &w->lua.script;
	const char *method, *path, *body;
	size_t args[4], n = 0;

	for (size_t i = bracket; n < 4 && !script_is(s, i + 1, ")");) {
		args[n++] = i + 1;
		i = lua_value_end(&w->lua, i + 1);
		if (!script_is(s, i, ","))
			break;
	}
	if (!argument(w, args, n, 0, w->method ? w->method : "GET", &method) ||
	    !argument(w, args, n, 1, w->path ? w->path : "/", &path)) {
		leave_out(w, bracket, "a request whose method or path depends on the run");
		return;
	}
	if (!argument(w, args, n, 3, w->body, &body)) {
		leave_out(w, bracket, "a body that depends on the run, with its request");
		return;
	}
	size_t headers = n > 2 ? lua_table(&w->lua, args[2]) : 0;
	if (n > 2 && !headers && !script_is(s, args[2], "nil") && !script_is(s, args[2], "wrk"))
		leave_out(w, args[2], "headers that depend on the run");
	add_request(w, method, path, body, headers);
}

/* ---- the script ---- */

/* "function name(" or "name = function("; NULL: neither. */
static const char *
function_name(const struct script *s, size_t i)
{
	if (script_is(s, i, "function") && script_at(s, i + 1)->kind == TOKEN_NAME)
		return script_at(s, i + 1)->text;
	if (script_at(s, i)->kind == TOKEN_NAME && script_reads(s, i + 1, "= function"))
		return script_at(s, i)->text;
	return NULL;
}

static void
note_function(struct wrk *w, size_t i, const char *name)
{
	static const char *const hooks[] = { "setup", "init", "delay", "response", "done" };

	for (size_t h = 0; h < COUNT_OF(hooks); h++)
		if (strcmp(hooks[h], name) == 0)
			leave_out(w, i, "function %s", name);
}

static void
take_token(struct wrk *w, size_t i, bool requests)
{
	const struct script *s = &w->lua.script;
	const char *name = function_name(s, i);
	bool format = script_reads(s, i, "wrk . format (");

	if (!requests && name)
		note_function(w, i, name);
	if (!requests && script_reads(s, i, "wrk .") && !format && !(i && script_is(s, i - 1, ".")))
		take_setting(w, i);
	if (requests && format)
		take_format(w, i + 3);
	if (requests && (script_is(s, i, "if") || script_is(s, i, "for") || script_is(s, i, "while")))
		leave_out(w, i, "'%s': each request in it is a flow of the same weight", script_at(s, i)->text);
}

static int
read_wrk(struct draft *d, const char *name, const char *text, size_t size, struct err *e)
{
	struct wrk w = { .lua = { .d = d } };
	size_t from = d->s->n_flows;

	int code = script_read(SCRIPT_LUA, name, text, size, d->arena, &w.lua.script, e);
	if (code < 0)
		return code;
	lua_find_variables(&w.lua);
	/* Settings first: a request function may stand before them. */
	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = 0; script_at(&w.lua.script, i)->kind != TOKEN_END; i++)
			take_token(&w, i, pass == 1);
	bool set = w.method || w.path || w.body || w.n_headers;
	if (d->s->n_flows == from && set)
		add_request(&w, w.method ? w.method : "GET", w.path ? w.path : "/", w.body, 0);
	if (d->s->n_flows > from && !d->s->base)
		draft_note(d, 1, "the script names no host: add 'base: http://HOST' or import with --base");
	map_done(&w.lua.variables);
	return 0;
}

static bool
matches(const char *head, size_t size)
{
	static const char *const marks[] = { "wrk.method", "wrk.body", "wrk.path", "wrk.headers",
		"wrk.format", "request = function", "function request" };

	/* A table wrk in JavaScript would be somebody else's. */
	if (memmem(head, size, "k6/http", 7))
		return false;
	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (memmem(head, size, marks[i], strlen(marks[i])))
			return true;
	return false;
}

static const char *const suffixes[] = { ".lua", NULL };

const struct import_format import_wrk = {
	.name = "wrk",
	.about = "Lua scripts of wrk and wrk2, the part that does not compute",
	.suffixes = suffixes,
	.matches = matches,
	.max_bytes = (size_t)4 << 20,
	.read = read_wrk,
};
