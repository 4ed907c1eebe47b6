/* SPDX-License-Identifier: MIT */
/* Finds the table behind an alias with a lexer of names: the planner's lines use the alias, and
 * only the statement knows what it stands for. */
#include "db/sqlite_plan.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* The next name of the statement, unquoted; NULL at the end. Strings and everything else that is
 * no name end a pair of names: `*ret_gap` tells. */
static const char *
next_name(struct arena *a, const char **at, bool *ret_gap)
{
	const char *p = *at;

	*ret_gap = false;
	for (; *p && !isalpha((unsigned char)*p) && *p != '_' && !(*p & 0x80) && !strchr("\"`[", *p); p++)
		if (*p == '\'') {
			const char *end = strchr(p + 1, '\'');
			*ret_gap = true;
			if (!end)
				return NULL;
			p = end;
		} else if (!isspace((unsigned char)*p)) {
			*ret_gap = true;
		}
	if (!*p)
		return NULL;
	const char *start = p, *end;
	if (strchr("\"`[", *p)) {
		start = p + 1;
		end = strchr(start, *p == '[' ? ']' : *p);
		*at = end ? end + 1 : start + strlen(start);
	} else {
		for (end = p; isalnum((unsigned char)*end) || *end == '_' || *end == '$' || (*end & 0x80);)
			end++;
		*at = end;
	}
	return arena_strndup(a, start, end ? (size_t)(end - start) : strlen(start));
}

const char *
sqlite_alias_resolve(struct arena *a, const char *sql, const char *alias,
    bool (*is_table)(void *ctx, const char *name), void *ctx)
{
	const char *before = NULL, *name;
	bool gap;

	while ((name = next_name(a, &sql, &gap))) {
		if (gap)
			before = NULL;
		if (before && strcasecmp(name, "as") == 0)
			continue;
		if (before && strcasecmp(name, alias) == 0 && is_table(ctx, before))
			return before;
		before = name;
	}
	return is_table(ctx, alias) ? alias : NULL;
}
