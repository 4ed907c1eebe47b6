/* SPDX-License-Identifier: MIT */
#include "import/lua_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const struct script_token *
at(const struct lua *l, size_t i)
{
	return script_at(&l->script, i);
}

static bool
is(const struct lua *l, size_t i, const char *text)
{
	return script_is(&l->script, i, text);
}

static bool
is_same(const struct lua *l, size_t i, const char *name)
{
	return at(l, i)->kind == TOKEN_NAME && strcmp(at(l, i)->text, name) == 0;
}

/* "x = x + 1". */
static bool
counts_up(const struct lua *l, size_t i)
{
	const struct script_token *step = at(l, i + 4);

	return is(l, i + 1, "=") && is_same(l, i + 2, at(l, i)->text) && is(l, i + 3, "+") &&
	    step->kind == TOKEN_NUMBER && strcmp(step->text, "1") == 0;
}

void
lua_find_variables(struct lua *l)
{
	int depth = 0;

	for (size_t i = 0; i + 2 < l->script.n; i++) {
		bool new;
		const char *name = at(l, i)->text;
		/* In a table, "name = value" is a field. */
		if (at(l, i)->kind == TOKEN_SIGN && !name[1])
			depth += (strchr("{(", *name) != NULL) - (strchr("})", *name) != NULL);
		if (depth > 0 || at(l, i)->kind != TOKEN_NAME || !is(l, i + 1, "=") || is(l, i + 2, "=") ||
		    (i && (is(l, i - 1, ".") || is(l, i - 1, "="))))
			continue;
		uint64_t *place = map_at(&l->variables, name, strlen(name), &new);
		if (counts_up(l, i))
			*place = LUA_COUNTER;
		else if (new)
			*place = i + 2;
		else if (*place != LUA_COUNTER)
			*place = 0;
	}
}

/* Does the value at `i` go on with the token at `end`? */
static bool
goes_on(const struct lua *l, size_t end)
{
	return at(l, end)->kind == TOKEN_SIGN && !strchr(",)}];", at(l, end)->text[0]);
}

size_t
lua_value_end(const struct lua *l, size_t i)
{
	while (at(l, i)->kind != TOKEN_END) {
		if (at(l, i)->kind == TOKEN_SIGN && strchr(",)]};", at(l, i)->text[0]))
			return i;
		bool bracket = is(l, i, "(") || is(l, i, "[") || is(l, i, "{");
		i = bracket ? script_close(&l->script, i) : i + 1;
		/* Two values beside each other: a new statement. */
		if (at(l, i)->kind != TOKEN_SIGN && (bracket || at(l, i - 1)->kind != TOKEN_SIGN))
			return i;
	}
	return i;
}

size_t
lua_table(const struct lua *l, size_t i)
{
	for (int depth = 0; i && depth < SCRIPT_DEPTH_MAX; depth++) {
		if (is(l, i, "{"))
			return i;
		const char *name = at(l, i)->text;
		const uint64_t *place = at(l, i)->kind == TOKEN_NAME ?
		    map_find(&l->variables, name, strlen(name)) : NULL;
		i = place && *place != LUA_COUNTER ? (size_t)*place : 0;
	}
	return 0;
}

bool
lua_next_item(const struct lua *l, size_t *place, struct lua_item *ret)
{
	size_t i = *place + 1;

	if (is(l, i, "}") || at(l, i)->kind == TOKEN_END)
		return false;
	*ret = (struct lua_item){ NULL, i };
	if (is(l, i, "[") && at(l, i + 1)->kind == TOKEN_STRING && is(l, i + 2, "]") && is(l, i + 3, "="))
		*ret = (struct lua_item){ at(l, i + 1)->text, i + 4 };
	else if (at(l, i)->kind == TOKEN_NAME && is(l, i + 1, "="))
		*ret = (struct lua_item){ at(l, i)->text, i + 2 };
	size_t end = lua_value_end(l, ret->value);
	*place = is(l, end, ",") || is(l, end, ";") ? end : end - 1;
	return end > i;
}

/* ---- calls ---- */

/* math.random(100) or math.random(5, 10). */
static bool
put_random(struct lua *l, size_t i, struct buf *out, size_t *ret_end)
{
	if (!script_reads(&l->script, i, "math . random (") || at(l, i + 4)->kind != TOKEN_NUMBER)
		return false;
	long long first = strtoll(at(l, i + 4)->text, NULL, 10);
	long long second = strtoll(at(l, i + 6)->text, NULL, 10);
	*ret_end = script_close(&l->script, i + 3);
	if (is(l, i + 5, ")") && first >= 1)
		draft_put_expression(out, "random(1, %lld)", first);
	else if (is(l, i + 5, ",") && at(l, i + 6)->kind == TOKEN_NUMBER && is(l, i + 7, ")") &&
	    first <= second)
		draft_put_expression(out, "random(%lld, %lld)", first, second);
	else
		return false;
	return true;
}

/* list[math.random(#list)], or [counter % #list + 1]: any of them. */
static bool
put_any_of(struct lua *l, size_t i, struct buf *out, size_t *ret_end)
{
	const char *values[SCRIPT_ITEMS_MAX];
	size_t table = is(l, i + 1, "[") ? lua_table(l, i) : 0, n = 0, end;
	struct lua_item item;

	if (!table)
		return false;
	*ret_end = script_close(&l->script, i + 1);
	while (n < SCRIPT_ITEMS_MAX && lua_next_item(l, &table, &item)) {
		CLEANUP(buf_done) struct buf text = { 0 };
		if (item.name || !lua_text(l, item.value, &text, &end) || strstr(buf_text(&text), "${"))
			return false;
		values[n++] = arena_strdup(l->d->arena, buf_text(&text));
	}
	size_t before = out->size;
	draft_put_choice(out, values, n);
	return out->size > before;
}

/* string.format("/items/%d?q=%s", a, b), or ("..."):format(a, b). */
static bool
put_format(struct lua *l, size_t i, struct buf *out, size_t *ret_end)
{
	const char *format = at(l, i + 4)->text;
	size_t arg = i + 5, end;

	if (!script_reads(&l->script, i, "string . format (") || at(l, i + 4)->kind != TOKEN_STRING)
		return false;
	for (; *format; format++) {
		if (*format != '%' || format[1] == '%') {
			draft_put_byte(out, *format);
			format += *format == '%';
			continue;
		}
		format += 1 + strspn(format + 1, "0123456789.-");
		if (!*format || !strchr("dsiu", *format) || !is(l, arg, ",") || !lua_text(l, arg + 1, out, &end))
			return false;
		arg = end;
	}
	*ret_end = arg + 1;
	return is(l, arg, ")");
}

static bool
put_call(struct lua *l, size_t i, struct buf *out, size_t *ret_end)
{
	if (put_random(l, i, out, ret_end) || put_format(l, i, out, ret_end))
		return true;
	if (script_reads(&l->script, i, "os . time ( )")) {
		draft_put_expression(out, "time()");
		*ret_end = i + 5;
		return true;
	}
	if (script_reads(&l->script, i, "tostring (") && lua_text(l, i + 2, out, ret_end) &&
	    is(l, *ret_end, ")")) {
		++*ret_end;
		return true;
	}
	return put_any_of(l, i, out, ret_end);
}

/* ---- terms ---- */

static bool
put_variable(struct lua *l, size_t i, struct buf *out)
{
	const char *name = at(l, i)->text;
	const uint64_t *place = map_find(&l->variables, name, strlen(name));
	size_t end;

	if (!place || !*place || l->depth >= SCRIPT_DEPTH_MAX)
		return false;
	if (*place == LUA_COUNTER) {
		draft_put_expression(out, "sequence()");
		return true;
	}
	l->depth++;
	bool put = lua_text(l, (size_t)*place, out, &end);
	l->depth--;
	return put;
}

static bool
put_term(struct lua *l, size_t i, struct buf *out, size_t *ret_end)
{
	const struct script_token *t = at(l, i);

	*ret_end = i + 1;
	if (++l->steps > SCRIPT_STEPS_MAX)
		return false;
	if (t->kind == TOKEN_STRING) {
		draft_put_bytes(out, t->text, strlen(t->text));
		return true;
	}
	if (t->kind == TOKEN_NUMBER) {
		buf_puts(out, t->text);
		return true;
	}
	if (is(l, i, "(") && lua_text(l, i + 1, out, ret_end) && is(l, *ret_end, ")")) {
		++*ret_end;
		return true;
	}
	if (t->kind != TOKEN_NAME)
		return false;
	bool plain = !is(l, i + 1, "(") && !is(l, i + 1, ".") && !is(l, i + 1, "[") && !is(l, i + 1, ":");
	return plain ? put_variable(l, i, out) : put_call(l, i, out, ret_end);
}

bool
lua_text(struct lua *l, size_t i, struct buf *out, size_t *ret_end)
{
	if (l->depth >= SCRIPT_DEPTH_MAX)
		return false;
	for (;; i = *ret_end + 1) {
		l->depth++;
		bool put = put_term(l, i, out, ret_end);
		l->depth--;
		if (!put)
			return false;
		if (!is(l, *ret_end, ".."))
			return !goes_on(l, *ret_end);
	}
}
