/* SPDX-License-Identifier: MIT */
#include "scenario/scope.h"

#include <errno.h>
#include <string.h>

#include "base/nearest.h"
#include "scenario/feeder.h"

/* A variable in the map: the flow it is visible in (0: all) above its index. The key ends with its
 * zero byte, so that it can be read as a string. */
static uint64_t
packed(uint32_t flow, uint32_t index)
{
	return (uint64_t)flow << 32 | index;
}

static bool
is_visible(const struct scope *s, uint64_t variable)
{
	return variable >> 32 == 0 || variable >> 32 == s->flow;
}

void
scope_next_flow(struct scope *s)
{
	s->flow++;
}

uint32_t
scope_define(struct scope *s, const char *name)
{
	bool is_new;
	uint64_t *variable = map_at(&s->variables, name, strlen(name) + 1, &is_new);

	if (is_new)
		*variable = packed(s->flow, s->n_variables++);
	else if (!is_visible(s, *variable))
		*variable = packed(s->flow, (uint32_t)*variable);
	return (uint32_t)*variable;
}

int
scope_find(const struct scope *s, const char *name, uint32_t *ret_index, struct err *e)
{
	struct nearest near = { .word = name };
	const uint64_t *variable = map_find(&s->variables, name, strlen(name) + 1);

	if (variable && is_visible(s, *variable)) {
		*ret_index = (uint32_t)*variable;
		return 0;
	}
	int code = err_set(e, ENOENT, variable ? "variable '%s' belongs to another flow or comes later" :
	    "unknown variable '%s'", name);
	const struct map_slot *slot;
	for (size_t i = 0; (slot = map_next(&s->variables, &i));)
		if (is_visible(s, slot->value))
			nearest_try(&near, slot->key);
	if (near.best)
		err_hint(e, "did you mean '%s'?", near.best);
	err_hint(e, "a variable comes from 'variables' or from 'extract' of an earlier step of the same "
	    "flow; a literal ${ is written $${");
	return code;
}

static int
find_in(const struct feeder *f, const char *name, const char *column, uint32_t *ret, struct err *e)
{
	struct nearest near = { .word = column };

	for (uint32_t i = 0; i < f->n_columns; i++)
		if (strcmp(f->columns[i], column) == 0) {
			*ret = i;
			return 0;
		}
	for (uint32_t i = 0; i < f->n_columns; i++)
		nearest_try(&near, f->columns[i]);
	int code = err_set(e, ENOENT, "feeder '%s' has no column '%s'", name, column);
	if (near.best)
		err_hint(e, "did you mean '%s'?", near.best);
	err_hint(e, "the first line of its file names the columns");
	return code;
}

int
scope_find_column(const struct scope *s, const char *feeder, const char *column,
    uint32_t *ret_feeder, uint32_t *ret_column, struct err *e)
{
	struct nearest near = { .word = feeder };
	uint32_t at = 0;

	for (size_t i = 0; i < s->n_feeders; i++) {
		const struct scope_feeder *f = &s->feeders[i];
		if (strcmp(f->name, feeder) != 0)
			continue;
		int code = f->rows ? find_in(f->rows, feeder, column, &at, e) : 0;
		if (code == 0) {
			*ret_feeder = (uint32_t)i;
			*ret_column = at;
		}
		return code;
	}
	int code = err_set(e, ENOENT, "unknown feeder '%s'", feeder);
	for (size_t i = 0; i < s->n_feeders; i++)
		nearest_try(&near, s->feeders[i].name);
	if (near.best)
		err_hint(e, "did you mean '%s'?", near.best);
	err_hint(e, "write feeders: { %s: { file: rows.csv } }", feeder);
	return code;
}

bool
scope_is_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-0123456789";

	return *text && strchr(letters, *text) && text[strspn(text, more)] == '\0';
}

void
scope_done(struct scope *s)
{
	map_done(&s->variables);
}
