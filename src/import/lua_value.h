/* SPDX-License-Identifier: MIT */
/* Values in a wrk script that do not depend on its run: literals, variables set once, counters, and
 * the calls that have a counterpart among a scenario's expressions. */
#pragma once

#include "base/map.h"
#include "import/scenario_draft.h"
#include "import/script_lex.h"

#define LUA_COUNTER UINT64_MAX   /* in `variables`: counts up by one */

struct lua {
	struct draft *d;
	struct script script;
	struct map variables;    /* name: place of the value's first token, 0: set to several values */
	int depth, steps;
};

void lua_find_variables(struct lua *l);

/* The text of the value at `i`, appended in the language of scenarios; *ret_end is behind it.
 * false: it depends on the run. */
bool lua_text(struct lua *l, size_t i, struct buf *out, size_t *ret_end);

/* The table at `i`, or that a variable there names; 0: none. */
size_t lua_table(const struct lua *l, size_t i);
/* Walk "[name] = value" and "name = value" of a table, or plain values (name NULL); `at` begins at
 * the table. false at the end. */
struct lua_item { const char *name; size_t value; };
bool lua_next_item(const struct lua *l, size_t *at, struct lua_item *ret);
/* Behind the value at `i`: at the comma or bracket, or the beginning of the next statement. */
size_t lua_value_end(const struct lua *l, size_t i);
