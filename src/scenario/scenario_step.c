/* SPDX-License-Identifier: MIT */
/* One step of a flow: the key that says what it does, and what may stand beside that one. */
#include <string.h>

#include "scenario/expect.h"
#include "scenario/scenario_int.h"

enum {
	HTTP = 1 << STEP_HTTP, MESSAGE = 1 << STEP_MESSAGE, QUERY = 1 << STEP_QUERY,
	COMMAND = 1 << STEP_COMMAND, THINK = 1 << STEP_THINK,
	REQUEST = HTTP | MESSAGE | QUERY | COMMAND,
};

/* ---- expect ---- */

static int
add_expect(struct loading *l, struct scenario_step *step, enum scenario_expect_kind kind,
    const char *name, const char *value, struct node_place place)
{
	*ARENA_PUSH(l->a, step->expects, step->n_expects) =
	    (struct scenario_expect){ .kind = kind, .name = name, .value = value, .place = place };
	return 0;
}

/* One value or several, each an expectation of its own. */
static int
expect_each(struct loading *l, const char *key, const struct node *n,
    enum scenario_expect_kind kind, struct scenario_step *step)
{
	const char **values = NULL;
	size_t n_values = 0;

	int code = take_texts(l, key, n, &values, &n_values);
	for (size_t i = 0; i < n_values && code == 0; i++)
		code = add_expect(l, step, kind, NULL, values[i],
		    n->kind == NODE_LIST ? n->items[i]->place : n->place);
	return code;
}

static int
expect_pairs(struct loading *l, const char *key, const struct node *n,
    enum scenario_expect_kind kind, struct scenario_step *step)
{
	struct scenario_pair *pairs = NULL;
	size_t n_pairs = 0;

	int code = take_pairs(l, key, n, &pairs, &n_pairs);
	for (size_t i = 0; i < n_pairs && code == 0; i++)
		code = add_expect(l, step, kind, pairs[i].name, pairs[i].value, pairs[i].place);
	return code;
}

/* [200, 304] is one expectation with two ways to hold. */
static int
expect_status(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char **values = NULL, *joined = NULL;
	size_t n_values = 0;

	int code = take_texts(l, key, n, &values, &n_values);
	if (code < 0)
		return code;
	if (n_values > EXPECT_STATUS_MAX)
		return node_refuse(&l->file, n->place, "more than %d statuses", EXPECT_STATUS_MAX);
	for (size_t i = 0; i < n_values; i++)
		joined = joined ? arena_printf(l->a, "%s %s", joined, values[i]) : values[i];
	return add_expect(l, to, EXPECT_STATUS, NULL, joined ? joined : "", n->place);
}

static int
expect_contains(struct loading *l, const char *key, const struct node *n, void *to)
{
	return expect_each(l, key, n, EXPECT_CONTAINS, to);
}

static int
expect_lacks(struct loading *l, const char *key, const struct node *n, void *to)
{
	return expect_each(l, key, n, EXPECT_LACKS, to);
}

static int
expect_bytes(struct loading *l, const char *key, const struct node *n, void *to)
{
	return expect_each(l, key, n, EXPECT_BODY_BYTES, to);
}

static int
expect_header(struct loading *l, const char *key, const struct node *n, void *to)
{
	return expect_pairs(l, key, n, EXPECT_HEADER, to);
}

static int
expect_json(struct loading *l, const char *key, const struct node *n, void *to)
{
	return expect_pairs(l, key, n, EXPECT_JSON, to);
}

static int
take_expect(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "status", expect_status, 0 }, { "contains", expect_contains, 0 },
		{ "lacks", expect_lacks, 0 }, { "header", expect_header, 0 },
		{ "json", expect_json, 0 }, { "bytes", expect_bytes, 0 }, { NULL, NULL, 0 },
	};
	int code = 0;

	if (n->kind != NODE_LIST)
		return take_keys(l, key, n, keys, to);
	for (size_t i = 0; i < n->n_items && code == 0; i++)
		code = take_keys(l, key, n->items[i], keys, to);
	return code;
}

/* ---- extract ---- */

static int
take_extract(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		[EXTRACT_JSON] = { "json", take_text, 0 },
		[EXTRACT_HEADER] = { "header", take_word, 0 },
		[EXTRACT_REGEX] = { "regex", take_word, 0 }, { NULL, NULL, 0 },
	};
	struct scenario_step *step = to;

	int code = require_keys(l, key, n);
	for (size_t i = 0; i < n->n_keys && code == 0; i++) {
		const struct node *from = n->items[i];
		struct scenario_extract *x = ARENA_PUSH(l->a, step->extracts, step->n_extracts);
		x->variable = n->keys[i]->text;
		x->place = n->keys[i]->place;
		code = take_keys(l, x->variable, from, keys, &x->what);
		if (code < 0)
			return code;
		if (from->n_keys != 1) {
			code = node_refuse(&l->file, x->place, "%s: one source is expected, not %zu", x->variable,
			    from->n_keys);
			err_hint(l->file.e, "write %s: { json: /id }, { header: X-Id } or { regex: 'id=([0-9]+)' }",
			    x->variable);
			return code;
		}
		for (size_t k = 0; keys[k].name; k++)
			if (strcmp(keys[k].name, from->keys[0]->text) == 0)
				x->from = (enum scenario_extract_from)k;
	}
	return code;
}

/* ---- think ---- */

struct pause { int64_t constant, exponential, lognormal; double sigma; };

static int
refuse_think(struct loading *l, const struct node *n)
{
	int code = node_refuse(&l->file, n->place, "think: neither a duration nor one distribution");
	err_hint(l->file.e, "write 500ms, { exponential: 2s } or { lognormal: 2s, sigma: 0.5 }");
	return code;
}

static int
take_think(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "constant", take_duration, offsetof(struct pause, constant) },
		{ "exponential", take_duration, offsetof(struct pause, exponential) },
		{ "lognormal", take_duration, offsetof(struct pause, lognormal) },
		{ "sigma", take_above_zero, offsetof(struct pause, sigma) }, { NULL, NULL, 0 },
	};
	struct scenario_step *step = to;
	struct pause p = { -1, -1, -1, 0 };

	if (n->kind == NODE_LIST)
		return refuse_think(l, n);
	int code = n->kind == NODE_TEXT ? take_duration(l, key, n, &p.constant) :
	    take_keys(l, key, n, keys, &p);
	if (code < 0)
		return code;
	bool is_lognormal = p.lognormal >= 0;
	if ((p.constant >= 0) + (p.exponential >= 0) + is_lognormal != 1 ||
	    is_lognormal != (p.sigma > 0) || p.sigma > 10)
		return refuse_think(l, n);
	step->think = is_lognormal ? THINK_LOGNORMAL :
	    p.exponential >= 0 ? THINK_EXPONENTIAL : THINK_CONSTANT;
	step->think_s = (double)(is_lognormal ? p.lognormal :
	    p.exponential >= 0 ? p.exponential : p.constant) / 1e9;
	step->think_sigma = p.sigma;
	return 0;
}

/* ---- steps ---- */

static int
take_method(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct scenario_step *step = to;

	int code = take_word(l, key, n, &step->url);
	if (code < 0)
		return code;
	char *method = arena_strdup(l->a, key);
	for (char *c = method; *c; c++)
		*c = (char)(*c - 'a' + 'A');
	step->method = method;
	return 0;
}

static int
take_headers(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct scenario_step *step = to;
	return take_pairs(l, key, n, &step->headers, &step->n_headers);
}

static int
take_arguments(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct scenario_step *step = to;

	if (n->kind != NODE_LIST || (step->kind == STEP_COMMAND && !n->n_items)) {
		int code = node_refuse(&l->file, n->place, "%s: a list is expected", key);
		err_hint(l->file.e, step->kind == STEP_COMMAND ? "write command: [GET, \"key:1\"]" :
		    "write parameters: [\"1\", \"${name}\"]");
		return code;
	}
	return take_texts(l, key, n, &step->arguments, &step->n_arguments);
}

static int
take_stream(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const char *const words[] = { "sse", "openai", NULL };
	struct scenario_step *step = to;
	int which;

	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		step->stream = which == 0 ? STREAM_SSE : STREAM_OPENAI;
	return code;
}

/* `makes`: the key says that the step is of this kind; else it may stand in those of `beside`. */
static const struct step_key {
	struct key key;
	enum scenario_step_kind makes;
	unsigned beside;
} step_keys[] = {
	{ { "get", take_method, 0 }, STEP_HTTP, 0 },
	{ { "post", take_method, 0 }, STEP_HTTP, 0 },
	{ { "put", take_method, 0 }, STEP_HTTP, 0 },
	{ { "patch", take_method, 0 }, STEP_HTTP, 0 },
	{ { "delete", take_method, 0 }, STEP_HTTP, 0 },
	{ { "head", take_method, 0 }, STEP_HTTP, 0 },
	{ { "options", take_method, 0 }, STEP_HTTP, 0 },
	{ { "url", take_word, offsetof(struct scenario_step, url) }, STEP_HTTP, 0 },
	{ { "message", take_text, offsetof(struct scenario_step, body) }, STEP_MESSAGE, 0 },
	{ { "query", take_word, offsetof(struct scenario_step, body) }, STEP_QUERY, 0 },
	{ { "command", take_arguments, 0 }, STEP_COMMAND, 0 },
	{ { "think", take_think, 0 }, STEP_THINK, 0 },
	{ { "method", take_word, offsetof(struct scenario_step, method) }, 0, HTTP },
	{ { "name", take_word, offsetof(struct scenario_step, name) }, 0, REQUEST },
	{ { "headers", take_headers, 0 }, 0, HTTP },
	{ { "body", take_text, offsetof(struct scenario_step, body) }, 0, HTTP },
	{ { "stream", take_stream, 0 }, 0, HTTP },
	{ { "parameters", take_arguments, 0 }, 0, QUERY },
	{ { "expect", take_expect, 0 }, 0, REQUEST },
	{ { "extract", take_extract, 0 }, 0, REQUEST },
	{ { NULL, NULL, 0 }, 0, 0 },
};

static const struct step_key *
find_key(const char *word)
{
	const struct step_key *k = step_keys;

	while (k->key.name && strcmp(k->key.name, word) != 0)
		k++;
	return k->key.name ? k : NULL;
}

static bool
is_flows_own(const char *word, bool in_flow)
{
	return in_flow && strcmp(word, "weight") == 0;
}

/* The one key that says what the step does. */
static int
find_kind(struct loading *l, const struct node *n, bool in_flow, const struct step_key **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < n->n_keys; i++) {
		const char *word = n->keys[i]->text;
		const struct step_key *k = find_key(word);
		if (is_flows_own(word, in_flow))
			continue;
		if (!k)
			return refuse_key(l, "a step", n->keys[i], &step_keys[0].key, sizeof(*step_keys));
		if (k->beside)
			continue;
		if (*ret) {
			int code = node_refuse(&l->file, n->keys[i]->place, "'%s' and '%s' in one step",
			    (*ret)->key.name, word);
			err_hint(l->file.e, "begin the second step with '- '");
			return code;
		}
		*ret = k;
	}
	if (*ret)
		return 0;
	int code = node_refuse(&l->file, n->place, "a step without a request");
	err_hint(l->file.e, "name one: get, post, put, patch, delete, head, options, message, query, "
	    "command or think");
	return code;
}

static int
check_method(struct loading *l, const struct node *n, const struct step_key *kind,
    const struct scenario_step *step)
{
	const struct node *method = node_get(n, "method");
	bool is_url = strcmp(kind->key.name, "url") == 0;

	if (step->kind != STEP_HTTP || is_url == (method != NULL))
		return 0;
	int code = node_refuse(&l->file, method ? method->place : n->place, is_url ?
	    "'url' without 'method'" : "'method' beside '%s'", kind->key.name);
	err_hint(l->file.e, "write get: /path, or method: PURGE and url: /path");
	return code;
}

int
take_step(struct loading *l, const struct node *n, bool in_flow, struct scenario_step *ret)
{
	const struct step_key *kind = NULL;

	ret->place = n->place;
	int code = require_keys(l, "a step", n);
	if (code == 0)
		code = find_kind(l, n, in_flow, &kind);
	if (code < 0)
		return code;
	ret->kind = kind->makes;
	for (size_t i = 0; i < n->n_keys && code == 0; i++) {
		const char *word = n->keys[i]->text;
		if (is_flows_own(word, in_flow))
			continue;
		const struct step_key *k = find_key(word);
		if (k->beside && !(k->beside & 1u << ret->kind))
			return node_refuse(&l->file, n->keys[i]->place, "'%s' cannot stand beside '%s'",
			    word, kind->key.name);
		code = k->key.take(l, word, n->items[i], (char *)ret + k->key.offset);
	}
	return code < 0 ? code : check_method(l, n, kind, ret);
}
