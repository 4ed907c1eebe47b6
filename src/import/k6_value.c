/* SPDX-License-Identifier: MIT */
#include "import/k6_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const struct script_token *
at(const struct k6 *k, size_t i)
{
	return script_at(&k->script, i);
}

static bool
is(const struct k6 *k, size_t i, const char *text)
{
	return script_is(&k->script, i, text);
}

/* ---- structure ---- */

void
k6_find_constants(struct k6 *k)
{
	for (size_t i = 0; i + 3 < k->script.n; i++) {
		bool declares = is(k, i, "const") || is(k, i, "let") || is(k, i, "var");
		if (declares && at(k, i + 1)->kind == TOKEN_NAME && is(k, i + 2, "=") && !is(k, i + 3, "="))
			*map_at(&k->constants, at(k, i + 1)->text, strlen(at(k, i + 1)->text), NULL) = i + 3;
	}
}

/* What a name stands for; 0: nothing that is known. */
static size_t
constant(const struct k6 *k, size_t i)
{
	if (at(k, i)->kind != TOKEN_NAME)
		return 0;
	const uint64_t *place = map_find(&k->constants, at(k, i)->text, strlen(at(k, i)->text));
	return place && *place != i ? (size_t)*place : 0;
}

/* The same, also for what stands in a template: *ret_home is the script that the place is in. */
static size_t
look_up(struct k6 *k, size_t i, struct k6 **ret_home)
{
	const char *name = at(k, i)->text;

	if (at(k, i)->kind != TOKEN_NAME)
		return 0;
	for (struct k6 *home = k; home; home = home->outer) {
		const uint64_t *place = map_find(&home->constants, name, strlen(name));
		if (place && !(home == k && *place == i)) {
			*ret_home = home;
			return (size_t)*place;
		}
	}
	return 0;
}

size_t
k6_object(const struct k6 *k, size_t i)
{
	for (int depth = 0; i && depth < SCRIPT_DEPTH_MAX; depth++) {
		if (is(k, i, "{"))
			return i;
		i = constant(k, i);
	}
	return 0;
}

/* Behind the value that begins at `i`: at the comma or bracket that ends it. */
static size_t
value_end(const struct k6 *k, size_t i)
{
	while (at(k, i)->kind != TOKEN_END) {
		if (is(k, i, ",") || is(k, i, ")") || is(k, i, "]") || is(k, i, "}") || is(k, i, ";"))
			return i;
		i = is(k, i, "(") || is(k, i, "[") || is(k, i, "{") ? script_close(&k->script, i) : i + 1;
	}
	return i;
}

bool
k6_next_member(const struct k6 *k, size_t *place, struct k6_member *ret)
{
	for (size_t i = *place + 1;; i = value_end(k, i) + 1) {
		const struct script_token *name = at(k, i);
		if (is(k, i, "}") || name->kind == TOKEN_END || is(k, i, ")") || is(k, i, "]"))
			return false;
		if (name->kind != TOKEN_SIGN && name->kind != TOKEN_TEMPLATE && is(k, i + 1, ":")) {
			*ret = (struct k6_member){ name->text, i + 2, name->line };
			size_t end = value_end(k, i + 2);
			*place = is(k, end, ",") ? end : end - 1;
			return true;
		}
		/* { name } is short for { name: name }. */
		if (name->kind == TOKEN_NAME && (is(k, i + 1, ",") || is(k, i + 1, "}"))) {
			*ret = (struct k6_member){ name->text, i, name->line };
			*place = is(k, i + 1, ",") ? i + 1 : i;
			return true;
		}
		if (!is(k, value_end(k, i), ","))
			return false;
	}
}

size_t
k6_member(const struct k6 *k, size_t object, const char *name)
{
	struct k6_member m;

	for (size_t place = object; object && k6_next_member(k, &place, &m);)
		if (strcmp(m.name, name) == 0)
			return m.value;
	return 0;
}

bool
k6_next_item(const struct k6 *k, size_t *place, size_t *ret_value)
{
	size_t i = *place + 1;

	if (at(k, i)->kind == TOKEN_END || is(k, i, "]") || is(k, i, ")") || is(k, i, "}") ||
	    is(k, i, ";"))
		return false;
	*ret_value = i;
	size_t end = value_end(k, i);
	*place = is(k, end, ",") ? end : end - 1;
	return true;
}

/* ---- calls ---- */

static bool
two_numbers(struct k6 *k, size_t bracket, double *ret_low, double *ret_high)
{
	size_t place = bracket, first, second;

	return k6_next_item(k, &place, &first) && k6_next_item(k, &place, &second) &&
	    k6_number(k, first, ret_low) && k6_number(k, second, ret_high);
}

/* Math.floor(Math.random() * 100), maybe + 1; *ret_end behind it. */
static bool
put_random(struct k6 *k, size_t i, struct buf *out, size_t *ret_end)
{
	double span, from = 0;

	if (!script_reads(&k->script, i, "Math . floor ( Math . random ( ) *") &&
	    !script_reads(&k->script, i, "Math . ceil ( Math . random ( ) *"))
		return false;
	size_t end = script_close(&k->script, i + 3);
	if (!is(k, i + 11, ")") && !is(k, end, "+") && end != i + 12)
		return false;
	if (!k6_number(k, i + 10, &span) || end != i + 12 || span < 1)
		return false;
	if (is(k, i + 2, "ceil"))
		from = 1;
	if (is(k, end, "+") && at(k, end + 1)->kind == TOKEN_NUMBER) {
		from += strtod(at(k, end + 1)->text, NULL);
		end += 2;
	}
	draft_put_expression(out, "random(%.0f, %.0f)", from, from + span - 1);
	*ret_end = end;
	return true;
}

/* randomItem(list): one of a constant list's single values. */
static bool
put_item(struct k6 *k, size_t i, struct buf *out, size_t *ret_end)
{
	const char *values[SCRIPT_ITEMS_MAX];
	size_t n = 0, end, item, list = i + 2;

	if (!script_reads(&k->script, i, "randomItem ("))
		return false;
	struct k6 *home = k;
	*ret_end = script_close(&k->script, i + 1);
	if (!is(k, list, "["))
		list = look_up(k, list, &home);
	if (!list || !is(home, list, "["))
		return false;
	while (n < SCRIPT_ITEMS_MAX && k6_next_item(home, &list, &item)) {
		CLEANUP(buf_done) struct buf text = { 0 };
		enum script_token_kind kind = at(home, item)->kind;
		if ((kind != TOKEN_STRING && kind != TOKEN_NUMBER) || !k6_text(home, item, &text, &end))
			return false;
		values[n++] = arena_strdup(k->d->arena, buf_text(&text));
	}
	size_t before = out->size;
	draft_put_choice(out, values, n);
	return out->size > before;
}

static bool
put_call(struct k6 *k, size_t i, struct buf *out, size_t *ret_end)
{
	double low, high;

	if (put_random(k, i, out, ret_end) || put_item(k, i, out, ret_end))
		return true;
	if (script_reads(&k->script, i, "uuidv4 ( )")) {
		draft_put_expression(out, "uuid()");
		*ret_end = i + 3;
	} else if (script_reads(&k->script, i, "Date . now ( )")) {
		draft_put_expression(out, "time(ms)");
		*ret_end = i + 5;
	} else if (is(k, i, "__ITER")) {
		draft_put_expression(out, "sequence()");
		*ret_end = i + 1;
	} else if (script_reads(&k->script, i, "randomIntBetween (") &&
	    two_numbers(k, i + 1, &low, &high) && low <= high) {
		draft_put_expression(out, "random(%.0f, %.0f)", low, high);
		*ret_end = script_close(&k->script, i + 1);
	} else if (script_reads(&k->script, i, "JSON . stringify (") && k6_text(k, i + 4, out, ret_end) &&
	    is(k, *ret_end, ")")) {
		++*ret_end;
	} else {
		return false;
	}
	return true;
}

/* __ENV.NAME, or the preset of "__ENV.NAME || 'preset'". */
static bool
put_environment(struct k6 *k, size_t i, struct buf *out, size_t *ret_end)
{
	const char *name = at(k, i + 2)->text;
	size_t end = i + 3;

	if (script_reads(&k->script, i, "__ENV ["))
		end++;
	else if (!script_reads(&k->script, i, "__ENV .") || at(k, i + 2)->kind != TOKEN_NAME)
		return false;
	bool preset = (is(k, end, "|") && is(k, end + 1, "|")) || (is(k, end, "?") && is(k, end + 1, "?"));
	if (preset && k6_text(k, end + 2, out, ret_end))
		return true;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			return false;
	draft_put_expression(out, "env(%s)", name);
	*ret_end = end;
	return *name;
}

/* ---- literals ---- */

static bool
put_constant(struct k6 *k, size_t i, struct buf *out)
{
	struct k6 *home = k;
	size_t place = look_up(k, i, &home), end;
	int depth = home->depth;

	if (!place || k->depth >= SCRIPT_DEPTH_MAX)
		return false;
	home->depth = k->depth + 1;
	bool put = k6_text(home, place, out, &end);
	home->depth = depth;
	/* What follows must end the statement: no call, no operator. */
	return put && (is(home, end, ";") || is(home, end, ",") || at(home, end)->kind == TOKEN_END ||
	    at(home, end)->line > at(home, end - 1)->line);
}

/* What stands between the brackets of a template is a script of its own, with the names around. */
static bool
put_inner(struct k6 *k, const char *text, size_t size, struct buf *out)
{
	struct k6 inner = { .d = k->d, .outer = k, .depth = k->depth + 1, .steps = k->steps };
	struct err e = { 0 };
	size_t end;

	if (k->depth >= SCRIPT_DEPTH_MAX || script_read(SCRIPT_JAVASCRIPT, k->script.name, text, size,
	    k->d->arena, &inner.script, &e) < 0)
		return false;
	int before = inner.steps;
	bool put = k6_text(&inner, 0, out, &end) && end == inner.script.n - 1;
	k->steps += inner.steps - before;
	return put;
}

/* `a${name}b`. */
static bool
put_template(struct k6 *k, const char *text, struct buf *out)
{
	while (*text) {
		CLEANUP(buf_done) struct buf value = { 0 };
		const char *mark = strstr(text, "${");
		draft_put_bytes(out, text, mark ? (size_t)(mark - text) : strlen(text));
		if (!mark)
			return true;
		const char *close = strchr(mark, '}');
		if (!close || !put_inner(k, mark + 2, (size_t)(close - mark - 2), &value))
			return false;
		draft_put_text(out, buf_text(&value));
		text = close + 1;
	}
	return true;
}

/* A string as JSON. */
static void
put_quoted(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_printf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			buf_printf(out, "\\u%04x", *text);
		else
			draft_put_byte(out, *text);
	}
	buf_putc(out, '"');
}

static bool
put_json(struct k6 *k, size_t i, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	const struct script_token *t = at(k, i);
	size_t end, next = i + 1;
	bool ends = is(k, next, ",") || is(k, next, "}") || is(k, next, "]") || is(k, next, ")");

	if (t->kind == TOKEN_STRING && ends) {
		put_quoted(out, t->text);
		return true;
	}
	if (!k6_text(k, i, &text, &end))
		return false;
	/* Names may stand for texts; what is computed is a text unless it is a number. */
	const char *made = buf_text(&text);
	bool bare = t->kind == TOKEN_NUMBER || is(k, i, "{") || is(k, i, "[") || is(k, i, "true") ||
	    is(k, i, "false") || is(k, i, "null") || is(k, i, "-") || *made == '{' || *made == '[' ||
	    strncmp(made, "${random(", 9) == 0 || strncmp(made, "${time(", 7) == 0 ||
	    (*made && !made[strspn(made, "0123456789.")] );
	if (bare)
		buf_puts(out, made);
	else
		buf_printf(out, "\"%s\"", made);
	return true;
}

static bool
put_structure(struct k6 *k, size_t i, struct buf *out, size_t *ret_end)
{
	bool object = is(k, i, "{"), whole = true, first = true;
	struct k6_member m;
	size_t place = i, value;

	if (k->depth >= SCRIPT_DEPTH_MAX)
		return false;
	k->depth++;
	buf_putc(out, object ? '{' : '[');
	while (whole && (object ? k6_next_member(k, &place, &m) : k6_next_item(k, &place, &value))) {
		buf_puts(out, first ? "" : ",");
		first = false;
		if (object) {
			put_quoted(out, m.name);
			buf_putc(out, ':');
		}
		whole = put_json(k, object ? m.value : value, out);
	}
	buf_putc(out, object ? '}' : ']');
	k->depth--;
	*ret_end = script_close(&k->script, i);
	return whole;
}

static bool
put_term(struct k6 *k, size_t i, struct buf *out, size_t *ret_end)
{
	const struct script_token *t = at(k, i);

	*ret_end = i + 1;
	if (++k->steps > SCRIPT_STEPS_MAX)
		return false;
	switch (t->kind) {
	case TOKEN_END:
		return false;
	case TOKEN_STRING:
		draft_put_bytes(out, t->text, strlen(t->text));
		return true;
	case TOKEN_NUMBER:
		buf_puts(out, t->text);
		return true;
	case TOKEN_TEMPLATE:
		return put_template(k, t->text, out);
	case TOKEN_SIGN:
		if (is(k, i, "-") && at(k, i + 1)->kind == TOKEN_NUMBER) {
			buf_printf(out, "-%s", at(k, i + 1)->text);
			*ret_end = i + 2;
			return true;
		}
		return (is(k, i, "{") || is(k, i, "[")) && put_structure(k, i, out, ret_end);
	case TOKEN_NAME:
		break;
	}
	if (is(k, i, "true") || is(k, i, "false") || is(k, i, "null")) {
		buf_puts(out, t->text);
		return true;
	}
	return put_environment(k, i, out, ret_end) || put_call(k, i, out, ret_end) ||
	    (!is(k, i + 1, "(") && !is(k, i + 1, ".") && !is(k, i + 1, "[") && put_constant(k, i, out));
}

bool
k6_text(struct k6 *k, size_t i, struct buf *out, size_t *ret_end)
{
	for (;; i = *ret_end + 1) {
		if (!put_term(k, i, out, ret_end))
			return false;
		if (!is(k, *ret_end, "+"))
			break;
	}
	/* Anything but an end would compute with the value. */
	const struct script_token *t = at(k, *ret_end);
	return t->kind == TOKEN_END || (t->kind == TOKEN_SIGN && strchr(",;)]}", t->text[0])) ||
	    t->line > at(k, *ret_end - 1)->line;
}

bool
k6_number(struct k6 *k, size_t i, double *ret)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	size_t end;
	char *rest;

	if (at(k, i)->kind == TOKEN_NUMBER)
		buf_puts(&text, at(k, i)->text);
	else if (!k6_text(k, i, &text, &end))
		return false;
	*ret = strtod(buf_text(&text), &rest);
	return text.size && !*rest && *ret > -1e12 && *ret < 1e12;
}

bool
k6_duration(struct k6 *k, size_t i, double *ret_s)
{
	static const struct { const char *unit; double s; } units[] = {
		{ "ms", 1e-3 }, { "us", 1e-6 }, { "ns", 1e-9 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		{ "d", 86400 },
	};
	CLEANUP(buf_done) struct buf text = { 0 };
	size_t end, u;
	char *rest;

	if (!k6_text(k, i, &text, &end) || !text.size)
		return false;
	*ret_s = 0;
	for (const char *c = buf_text(&text); *c; c = rest + strlen(units[u].unit)) {
		double value = strtod(c, &rest);
		if (!*rest && c == buf_text(&text) && rest > c) {
			*ret_s = value / 1e3;
			break;
		}
		for (u = 0; u < COUNT_OF(units); u++)
			if (strncmp(rest, units[u].unit, strlen(units[u].unit)) == 0)
				break;
		if (rest == c || u == COUNT_OF(units))
			return false;
		*ret_s += value * units[u].s;
	}
	return *ret_s >= 0 && *ret_s < 1e9;
}
