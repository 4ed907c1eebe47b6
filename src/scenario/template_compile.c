/* SPDX-License-Identifier: MIT */
/* From text to slots. Everything that can be decided is decided here, once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "scenario/feeder.h"
#include "scenario/template.h"
#include "scenario/template_int.h"

#define ARGUMENTS_MAX 256
#define SLOTS_MAX     4096

struct compiler {
	const char *text, *at;         /* what is compiled, and where we are */
	enum template_use use;
	bool in_query;                 /* a literal '?' came before */
	struct scope *scope;
	struct arena *a;
	struct buf literal;
	size_t slot_literal;           /* size of `literal` at the newest slot */
	struct template_slot *slots; size_t n_slots;
	struct err *e;
};

struct arguments {
	const char *words[ARGUMENTS_MAX];
	size_t n;
};

static int __attribute__((format(printf, 2, 3)))
refuse(struct compiler *c, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	size_t shown = strcspn(c->at, "\r\n");
	const char *end = memchr(c->at, '}', shown);
	if (end)
		shown = (size_t)(end - c->at) + 1;
	return err_usage(c->e, "%s in '%.*s'", why, (int)(shown < 80 ? shown : 80), c->at);
}

static void
skip_blanks(const char **p)
{
	*p += strspn(*p, " \t\r\n");
}

/* ---- functions ---- */

static int
take_random(struct compiler *c, struct template_slot *s, const struct arguments *args)
{
	int64_t ends[2];

	for (size_t i = 0; i < 2; i++) {
		char *rest;
		errno = 0;
		ends[i] = i < args->n ? strtoll(args->words[i], &rest, 10) : 0;
		if (args->n != 2 || errno || *rest || !args->words[i][0])
			return refuse(c, "random takes two whole numbers, the lowest and the highest,");
	}
	if (ends[1] < ends[0])
		return refuse(c, "the highest number is below the lowest");
	s->kind = SLOT_RANDOM;
	s->low = ends[0];
	s->count = (uint64_t)ends[1] - (uint64_t)ends[0] + 1;
	s->draw = c->scope->draws++;
	return 0;
}

static int
take_choice(struct compiler *c, struct template_slot *s, const struct arguments *args)
{
	struct view *choices = arena_alloc(c->a, (args->n ? args->n : 1) * sizeof(*choices));

	if (args->n == 0)
		return refuse(c, "choice takes what to choose from,");
	for (size_t i = 0; i < args->n; i++)
		choices[i] = (struct view){ args->words[i], strlen(args->words[i]) };
	s->kind = SLOT_CHOICE;
	s->choices = choices;
	s->count = args->n;
	s->draw = c->scope->draws++;
	return 0;
}

static int
take_uuid(struct compiler *c, struct template_slot *s, const struct arguments *args)
{
	if (args->n)
		return refuse(c, "uuid takes nothing between its brackets,");
	s->kind = SLOT_UUID;
	s->draw = c->scope->draws;
	c->scope->draws += 2;
	return 0;
}

static int
take_sequence(struct compiler *c, struct template_slot *s, const struct arguments *args)
{
	if (args->n)
		return refuse(c, "sequence takes nothing between its brackets,");
	s->kind = SLOT_SEQUENCE;
	return 0;
}

static int
take_time(struct compiler *c, struct template_slot *s, const struct arguments *args)
{
	static const struct { const char *name; int64_t ns; } units[] = {
		{ "s", NS_PER_S }, { "ms", NS_PER_MS }, { "us", NS_PER_US }, { "ns", 1 },
	};

	s->kind = SLOT_TIME;
	s->unit_ns = NS_PER_S;
	if (args->n == 0)
		return 0;
	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (args->n == 1 && strcmp(units[i].name, args->words[0]) == 0) {
			s->unit_ns = units[i].ns;
			return 0;
		}
	return refuse(c, "time takes nothing, s, ms, us or ns");
}

static enum slot_pass
pass_of_literal(enum template_use use)
{
	return use == TEMPLATE_BODY ? PASS_ALL : use == TEMPLATE_HEADER ? PASS_HEADER : PASS_URL;
}

static enum slot_pass
pass_of_value(const struct compiler *c)
{
	if (c->use != TEMPLATE_URL)
		return pass_of_literal(c->use);
	if (c->at == c->text)
		return PASS_URL;
	return c->in_query ? PASS_QUERY : PASS_PATH;
}

/* The environment does not change any more: its value is as good as written here. */
static int
take_env(struct compiler *c, struct template_slot *s, const struct arguments *args)
{
	if (args->n != 1 || !args->words[0][0])
		return refuse(c, "env takes the name of one variable of the environment,");
	if (!c->scope->env)
		return 0;
	const char *value = c->scope->env(args->words[0]);
	if (!value) {
		int code = refuse(c, "'%s' is not in the environment", args->words[0]);
		err_hint(c->e, "export %s=... before prony is started", args->words[0]);
		return code;
	}
	slot_append(&c->literal, pass_of_value(c), value, strlen(value));
	return 0;
}

static const struct function {
	const char *name;
	int (*take)(struct compiler *c, struct template_slot *s, const struct arguments *args);
	bool is_literal;
} functions[] = {
	{ "random", take_random, false }, { "choice", take_choice, false },
	{ "uuid", take_uuid, false }, { "sequence", take_sequence, false },
	{ "time", take_time, false }, { "env", take_env, true },
};

static int
find_function(struct compiler *c, const char *name, const struct function **ret)
{
	struct nearest near = { .word = name };

	for (size_t i = 0; i < COUNT_OF(functions); i++)
		if (strcmp(functions[i].name, name) == 0) {
			*ret = &functions[i];
			return 0;
		}
	for (size_t i = 0; i < COUNT_OF(functions); i++)
		nearest_try(&near, functions[i].name);
	int code = refuse(c, "unknown function '%s'", name);
	if (near.best)
		err_hint(c->e, "did you mean '%s'?", near.best);
	err_hint(c->e, "there are random, choice, uuid, sequence, time and env");
	return code;
}

/* ---- the text of an expression ---- */

/* A word of an argument list at *p: in quotes, or up to a comma or the bracket, without the blanks
 * around. NULL: it does not end. */
static const char *
take_word(struct compiler *c, const char **p)
{
	skip_blanks(p);
	const char *start = *p;
	if (*start == '"' || *start == '\'') {
		const char *end = strchr(start + 1, *start);
		if (!end)
			return NULL;
		*p = end + 1;
		skip_blanks(p);
		return arena_strndup(c->a, start + 1, (size_t)(end - start - 1));
	}
	size_t size = strcspn(start, ",)");
	*p += size;
	while (size && strchr(" \t\r\n", start[size - 1]))
		size--;
	return arena_strndup(c->a, start, size);
}

/* Behind the opening bracket; afterwards behind the closing one. */
static int
take_arguments(struct compiler *c, const char **p, struct arguments *ret)
{
	ret->n = 0;
	skip_blanks(p);
	if (**p == ')') {
		(*p)++;
		return 0;
	}
	for (;; (*p)++) {
		if (ret->n == ARGUMENTS_MAX)
			return refuse(c, "more than %d arguments", ARGUMENTS_MAX);
		const char *word = take_word(c, p);
		if (!word || (**p != ',' && **p != ')'))
			return refuse(c, "the list of arguments does not end");
		ret->words[ret->n++] = word;
		if (**p == ')') {
			(*p)++;
			return 0;
		}
	}
}

static int
take_call(struct compiler *c, const char *name, const char **p, struct template_slot *s,
    bool *ret_literal)
{
	struct arguments args;
	const struct function *f = NULL;

	int code = find_function(c, name, &f);
	if (code == 0)
		code = take_arguments(c, p, &args);
	if (code == 0)
		code = f->take(c, s, &args);
	if (code == 0)
		*ret_literal = f->is_literal;
	return code;
}

static int
take_name(struct compiler *c, char *name, struct template_slot *s)
{
	char *dot = strchr(name, '.');
	int code;

	if (dot) {
		*dot = '\0';
		s->kind = SLOT_COLUMN;
		code = scope_find_column(c->scope, name, dot + 1, &s->index, &s->column, c->e);
		if (code == 0)
			s->feeder = c->scope->feeders[s->index].rows;
	} else {
		s->kind = SLOT_VARIABLE;
		code = scope_find(c->scope, name, &s->index, c->e);
	}
	if (code < 0)
		c->e->status = STATUS_USAGE;
	return code;
}

/* At "${". */
static int
take_expression(struct compiler *c)
{
	struct template_slot slot = { .pass = pass_of_value(c) };
	const char *p = c->at + 2;
	bool is_literal = false;

	if (c->n_slots == SLOTS_MAX)
		return refuse(c, "more than %d expressions", SLOTS_MAX);
	skip_blanks(&p);
	size_t size = strcspn(p, "(}");
	const char *end = p + size;
	while (size && strchr(" \t\r\n", p[size - 1]))
		size--;
	if (!*end || !size)
		return refuse(c, *end ? "an expression without a name" : "'}' is missing");
	char *name = arena_strndup(c->a, p, size);
	p = end + 1;
	int code = *end == '(' ? take_call(c, name, &p, &slot, &is_literal) : take_name(c, name, &slot);
	if (code < 0)
		return code;
	if (*end == '(') {
		skip_blanks(&p);
		if (*p++ != '}')
			return refuse(c, "'}' is missing");
	}
	c->at = p;
	if (is_literal)
		return 0;
	slot.literal_size = c->literal.size - c->slot_literal;
	c->slot_literal = c->literal.size;
	*ARENA_PUSH(c->a, c->slots, c->n_slots) = slot;
	return 0;
}

/* ---- the whole text ---- */

static int
take_literal(struct compiler *c, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char b = (unsigned char)c->at[i];
		if (c->use == TEMPLATE_HEADER && (b == 0x7f || (b < ' ' && b != '\t'))) {
			int code = err_usage(c->e, "a control character (byte 0x%02x) in a header", b);
			err_hint(c->e, "a header is one line");
			return code;
		}
		if (b == '?')
			c->in_query = true;
	}
	slot_append(&c->literal, pass_of_literal(c->use), c->at, size);
	c->at += size;
	return 0;
}

static int
take_text(struct compiler *c)
{
	while (*c->at) {
		int code;
		if (strncmp(c->at, "$${", 3) == 0) {
			c->at++;
			code = take_literal(c, 2);
		} else if (strncmp(c->at, "${", 2) == 0) {
			code = take_expression(c);
		} else {
			code = take_literal(c, 1 + strcspn(c->at + 1, "$"));
		}
		if (code < 0)
			return code;
	}
	return 0;
}

int
template_compile(const char *text, enum template_use use, struct scope *scope, struct arena *a,
    struct template *ret, struct err *e)
{
	struct compiler c = { .text = text, .at = text, .use = use, .scope = scope, .a = a, .e = e };

	int code = take_text(&c);
	if (code == 0)
		*ret = (struct template){
			.slots = c.slots, .n_slots = c.n_slots,
			.literal = arena_strndup(a, buf_text(&c.literal), c.literal.size),
			.literal_size = c.literal.size,
		};
	buf_done(&c.literal);
	return code;
}
