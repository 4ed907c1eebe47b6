/* SPDX-License-Identifier: MIT */
/* gate.yaml: many requests of a route as one call to its upstream. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/config/config_int.h"
#include "gate/warm/pattern.h"
#include "net/http1_head.h"

#define WAIT_MAX_NS  (1 * NS_PER_S)
#define TEXT_MAX     1024      /* of a target without its keys */
#define BODY_MAX     (16 << 10)
#define JOIN_MAX     32
#define ANSWER_MIN   1024

struct reading {
	struct gate_batch b;
	const char *from, *into, *body, *join;
};

#define AT(member) offsetof(struct reading, member)

static int
refuse(struct loading *l, const char *text, struct node_place holder, const char *what, const char *why)
{
	return node_refuse(&l->file, take_place(l, text, holder), "%s: '%s' %s", what, text, why);
}

/* ---- takers ---------------------------------------------------------------------------------- */

static int
take_pointer(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;
	struct err e = { 0 };

	int code = take_text(l, key, n, &text);
	if (code < 0 || json_pointer_compile(text, l->a, to, &e) == 0)
		return code;
	code = node_refuse(&l->file, n->place, "%s: %s", key, e.text);
	if (e.hint[0])
		err_hint(l->file.e, "%s", e.hint);
	return code;
}

static int
take_by(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_batch *b = to;
	const char *text;
	int which;
	static const char *const words[] = { "name", "order", NULL };

	int code = take_word(l, key, n, &text);
	if (code == 0 && text[0] == '/') {
		b->by = GATE_BATCH_BY_KEY;
		return take_pointer(l, key, n, &b->key);
	}
	if (code == 0)
		code = take_choice(l, key, n, words, &which);
	if (code == 0)
		b->by = which ? GATE_BATCH_BY_ORDER : GATE_BATCH_BY_NAME;
	else
		err_hint(l->file.e, "write by: /id for where the key is in each item, by: name where items are the "
		    "members of an object, or by: order");
	return code;
}

static int
take_keys_kind(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const char *const words[] = { "text", "number", NULL };
	int which;

	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		*(bool *)to = which;
	return code;
}

static int
take_batch_size(struct loading *l, const char *key, const struct node *n, void *to)
{
	return take_whole(l, key, n, 1, GATE_BATCH_SIZE_MAX, to);
}

static int
take_wait(struct loading *l, const char *key, const struct node *n, void *to)
{
	int code = take_duration(l, key, n, to);

	if (code == 0 && *(int64_t *)to > WAIT_MAX_NS)
		return node_refuse(&l->file, n->place, "%s: longer than 1s", key);
	return code;
}

static int
take_answer_size(struct loading *l, const char *key, const struct node *n, void *to)
{
	int code = take_size(l, key, n, to);
	int64_t bytes = code == 0 ? *(int64_t *)to : ANSWER_MIN;

	if (bytes < ANSWER_MIN || bytes > GATE_BATCH_ANSWER_MAX)
		return node_refuse(&l->file, n->place, "%s: not from 1KiB to 64MiB", key);
	return code;
}

/* Fields that are about the message or the connection are not a request's to choose for others. */
static bool
is_carried(const char *name)
{
	static const char *const never[] = {
		"connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
		"expect", "host", "content-length", "content-type", "content-encoding", "range", "accept-encoding",
		"via", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
	};

	for (const char *p = name; *p; p++)
		if (!http1_is_token((unsigned char)*p))
			return false;
	for (size_t i = 0; i < COUNT_OF(never); i++)
		if (strcasecmp(name, never[i]) == 0)
			return false;
	return *name && strncasecmp(name, "if-", 3) != 0;
}

static int
take_fields(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_batch *b = to;

	int code = take_texts(l, key, n, &b->fields, &b->n_fields);
	if (code == 0 && b->n_fields > GATE_BATCH_FIELDS_MAX)
		code = node_refuse(&l->file, n->place, "%s: more than %d", key, GATE_BATCH_FIELDS_MAX);
	for (size_t i = 0; i < b->n_fields && code == 0; i++) {
		if (is_carried(b->fields[i]))
			continue;
		code = refuse(l, b->fields[i], n->place, key, "is no field that a call can carry for many");
		err_hint(l->file.e, "write %s: [Authorization, Accept-Language]", key);
	}
	return code;
}

/* ---- texts with a name in them --------------------------------------------------------------- */

static struct text
text_to(const char *from, const char *to)
{
	return (struct text){ from, (size_t)(to - from) };
}

/* What stands around "{name}", which is there once. 1; 0: it is not there, -1: more than once. */
static int
split(const char *text, const char *marker, struct gate_around *ret)
{
	const char *at = strstr(text, marker);

	*ret = (struct gate_around){ { text, strlen(text) }, { "", 0 } };
	if (!at)
		return 0;
	*ret = (struct gate_around){ text_to(text, at), text_to(at + strlen(marker), text + strlen(text)) };
	return strstr(ret->after.at, marker) ? -1 : 1;
}

static bool
is_of_url(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!(http1_classes[(unsigned char)*p] & HTTP1_TARGET))
			return false;
	return true;
}

static int
check_from(struct loading *l, struct reading *r, char marker[PATTERN_NAME_MAX + 3])
{
	const char *fault = r->from ? pattern_fault(r->from) : NULL;
	char name[PATTERN_NAME_MAX + 1];

	if (!r->from) {
		int code = node_refuse(&l->file, r->b.place, "batch: of which requests?");
		err_hint(l->file.e, "write from: /products/{id}, or from: /product?id={id}");
		return code;
	}
	if (!fault && (r->from[0] != '/' || strlen(r->from) > TEXT_MAX))
		fault = "is no path";
	const char *rest = fault ? NULL : pattern_next_name(r->from, name);
	if (!fault && !rest)
		fault = "has no {name}";
	if (!fault && strchr(rest, '{'))
		fault = "has more than one {name}";
	if (fault) {
		int code = refuse(l, r->from, r->b.place, "from", fault);
		err_hint(l->file.e, "write from: /products/{id}, or from: /product?id={id}");
		return code;
	}
	sprintf(marker, "{%s}", name);
	split(r->from, marker, &r->b.from);
	return 0;
}

static int
check_into(struct loading *l, struct reading *r, const char *marker)
{
	const char *why = NULL;

	if (!r->into) {
		int code = node_refuse(&l->file, r->b.place, "batch: into which call?");
		err_hint(l->file.e, "write into: /products?ids=%s", marker);
		return code;
	}
	int n = split(r->into, marker, &r->b.into);
	if (r->into[0] != '/' || strlen(r->into) > TEXT_MAX)
		why = "is no path";
	else if (n == 1 && r->body)
		why = "and body have both a place for the keys";
	else if (n == 0 && !r->body)
		why = "has no place for the keys";
	else if (n < 0)
		why = "has more than one place for the keys";
	char *rest = arena_printf(l->a, "%.*s%s", (int)r->b.into.before.size, r->b.into.before.at, r->b.into.after.at);
	if (!why && (!is_of_url(rest) || strpbrk(rest, "{}")))
		why = "has characters that no URL has";
	if (!why)
		return 0;
	int code = refuse(l, r->into, r->b.place, "into", why);
	err_hint(l->file.e, "write into: /products?ids=%s, or body: '{\"ids\": [%s]}' beside it", marker, marker);
	return code;
}

static int
check_join(struct loading *l, struct reading *r)
{
	const char *why = NULL;

	if (r->join && r->body)
		why = "is of no use beside body";
	else if (r->join && (!*r->join || strlen(r->join) > JOIN_MAX || !is_of_url(r->join) || strpbrk(r->join, "{}")))
		why = "cannot stand between keys";
	r->b.join = r->join ? r->join : ",";
	if (!why)
		return 0;
	int code = refuse(l, r->join, r->b.place, "join", why);
	err_hint(l->file.e, "write join: \",\", or join: \"&id=\" behind into: \"/products?id={id}\"");
	return code;
}

/* With a key in it, it is JSON, and nothing but that. */
static int
check_body(struct loading *l, struct reading *r, const char *marker)
{
	CLEANUP(buf_done) struct buf filled = { 0 };
	const char *why = NULL;
	struct view all;

	if (!r->body)
		return 0;
	int n = split(r->body, marker, &r->b.body);
	buf_printf(&filled, "%.*s%s%s", (int)r->b.body.before.size, r->b.body.before.at, r->b.numbers ? "1" : "\"x\"",
	    r->b.body.after.at);
	bool found = json_find(&(struct json_pointer){ 0 }, filled.data, filled.size, &all) == JSON_FOUND;
	if (n != 1)
		why = n ? "has more than one place for the keys" : "has no place for the keys";
	else if (strlen(r->body) > BODY_MAX)
		why = "is too long";
	else if (!found || strspn(all.bytes + all.size, " \t\r\n") < strlen(all.bytes + all.size))
		why = "is not JSON";
	if (!why)
		return 0;
	int code = refuse(l, r->body, r->b.place, "body", why);
	err_hint(l->file.e, "write body: '{\"ids\": [%s]}'", marker);
	return code;
}

static int
check_whole(struct loading *l, struct reading *r, const struct node *n)
{
	char marker[PATTERN_NAME_MAX + 3];

	int code = check_from(l, r, marker);
	if (code == 0)
		code = check_into(l, r, marker);
	if (code == 0)
		code = check_join(l, r);
	if (code == 0)
		code = check_body(l, r, marker);
	if (code == 0 && !node_get(n, "by")) {
		code = node_refuse(&l->file, n->place, "batch: what tells whose an item is?");
		err_hint(l->file.e, "write by: /id for where the key is in each item, by: name where items are the "
		    "members of an object, or by: order");
	}
	return code;
}

/* ---- the whole ------------------------------------------------------------------------------- */

int
take_batch(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "from", take_word, AT(from) },
		{ "into", take_word, AT(into) },
		{ "body", take_word, AT(body) },
		{ "join", take_text, AT(join) },
		{ "keys", take_keys_kind, AT(b.numbers) },
		{ "size", take_batch_size, AT(b.size) },
		{ "wait", take_wait, AT(b.wait_ns) },
		{ "max_answer", take_answer_size, AT(b.answer_bytes) },
		{ "items", take_pointer, AT(b.items) },
		{ "by", take_by, AT(b) },
		{ "value", take_pointer, AT(b.value) },
		{ "fields", take_fields, AT(b) },
		{ NULL, NULL, 0 },
	};
	struct reading r = { .b = { .size = 100, .wait_ns = 10 * NS_PER_MS, .answer_bytes = INT64_C(8) << 20,
		.place = n->place } };

	int code = take_keys(l, key, n, keys, &r);
	if (code == 0)
		code = check_whole(l, &r, n);
	if (code < 0)
		return code;
	struct gate_batch *b = arena_alloc(l->a, sizeof(*b));
	*b = r.b;
	*(const struct gate_batch **)to = b;
	return 0;
}

int
config_check_batch(struct loading *l, const struct gate_route *r)
{
	struct text from = r->batch->from.before;
	size_t n = strlen(r->match);

	if (from.size >= n && memcmp(from.at, r->match, n) == 0 &&
	    (r->match[n - 1] == '/' || from.size == n || strchr("/?", from.at[n])))
		return 0;
	int code = node_refuse(&l->file, take_place(l, from.at, r->batch->place), "from: its requests are not of this "
	    "route, which takes %s", r->match);
	err_hint(l->file.e, "write from: %s%s{id}", r->match, r->match[n - 1] == '/' ? "" : "/");
	return code;
}
