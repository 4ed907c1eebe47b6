/* SPDX-License-Identifier: MIT */
#include "db/postgres_plan.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define DEPTH_MAX 64
#define LINES_MAX 200

/* ---- the tree ------------------------------------------------------------------------------ */

static const char *
text_of(const json_t *node, const char *key)
{
	return json_string_value(json_object_get(node, key));
}

static const char *
line_of(const json_t *node, int depth, struct arena *a)
{
	const char *type = text_of(node, "Node Type"), *table = text_of(node, "Relation Name");
	const char *index = text_of(node, "Index Name"), *filter = text_of(node, "Filter");

	return arena_printf(a, "%*s%s%s%s%s%s (about %.0f rows)%s%.160s", 2 * depth, "", type ? type : "?",
	    index ? " using " : "", index ? index : "", table ? " on " : "", table ? table : "",
	    json_number_value(json_object_get(node, "Plan Rows")), filter ? ", keeps " : "", filter ? filter : "");
}

static void
read_node(const json_t *node, int depth, struct arena *a, struct postgres_plan *ret)
{
	const char *type = text_of(node, "Node Type"), *table = text_of(node, "Relation Name");
	const char *filter = text_of(node, "Filter"), *schema = text_of(node, "Schema");
	json_t *child;
	size_t i;

	if (!json_is_object(node) || depth > DEPTH_MAX || ret->n_lines >= LINES_MAX)
		return;
	*ARENA_PUSH(a, ret->lines, ret->n_lines) = line_of(node, depth, a);
	if (type && table && filter && !strcmp(type, "Seq Scan"))
		*ARENA_PUSH(a, ret->scans, ret->n_scans) = (struct postgres_scan){
			.schema = arena_strdup(a, schema ? schema : "public"), .table = arena_strdup(a, table),
			.filter = arena_strdup(a, filter), .rows = json_number_value(json_object_get(node, "Plan Rows")) };
	json_array_foreach(json_object_get(node, "Plans"), i, child)
		read_node(child, depth + 1, a, ret);
}

int
postgres_plan_read(const char *json, struct arena *a, struct postgres_plan *ret, struct err *e)
{
	json_error_t why;
	json_t *root = json_loads(json, 0, &why);
	const json_t *top = json_object_get(json_array_get(root, 0), "Plan");

	*ret = (struct postgres_plan){ 0 };
	read_node(top, 0, a, ret);
	json_decref(root);
	return ret->n_lines ? 0 : err_set(e, EINVAL, "PostgreSQL's plan could not be read");
}

/* ---- filters ------------------------------------------------------------------------------- */

enum comparison { COMPARED_NOT, COMPARED_EQUAL, COMPARED_ORDER };

static bool
in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '"';
}

/* "= $1", ":: text = $1", ")::text >= ..." behind a column's name. */
static enum comparison
comparison_at(const char *at)
{
	at += *at == ')';
	if (at[0] == ':' && at[1] == ':')
		at += 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ");
	at += strspn(at, " ");
	size_t n = strspn(at, "=<>!~*@#&|?-+/%^");
	if (n == 1 && *at == '=')
		return COMPARED_EQUAL;
	if ((n == 1 && (*at == '<' || *at == '>')) || (n == 2 && at[1] == '=' && (*at == '<' || *at == '>')))
		return COMPARED_ORDER;
	return COMPARED_NOT;
}

static enum comparison
comparison_of(const char *filter, const char *column)
{
	size_t length = strlen(column);

	for (const char *at = filter; (at = strstr(at, column)); at += length) {
		if ((at > filter && in_word(at[-1])) || in_word(at[length]))
			continue;
		enum comparison c = comparison_at(at + length);
		if (c != COMPARED_NOT)
			return c;
	}
	return COMPARED_NOT;
}

size_t
postgres_filter_columns(const char *filter, const char *const *columns, size_t n, size_t *ret, size_t max)
{
	size_t found = 0;

	if (strstr(filter, " OR "))
		return 0;
	for (size_t i = 0; i < n && found < max; i++)
		if (comparison_of(filter, columns[i]) == COMPARED_EQUAL)
			ret[found++] = i;
	for (size_t i = 0; i < n && found < max; i++)
		if (comparison_of(filter, columns[i]) == COMPARED_ORDER) {
			ret[found++] = i;
			break;
		}
	return found;
}

/* ---- parameters ---------------------------------------------------------------------------- */

static size_t
highest_number(const char *text)
{
	size_t most = 0;

	for (const char *at = text; (at = strchr(at, '$')); at++) {
		size_t n = isdigit((unsigned char)at[1]) ? strtoul(at + 1, NULL, 10) : 0;
		most = n > most && n <= 1000 ? n : most;
	}
	return most;
}

size_t
postgres_parameters(const char *fingerprint, struct arena *a, const char **ret)
{
	struct buf b = { 0 };
	size_t n = highest_number(fingerprint);
	char quote = 0;

	for (const char *at = fingerprint; *at; at++) {
		if (quote)
			quote = *at == quote ? 0 : quote;
		else if (*at == '\'' || *at == '"')
			quote = *at;
		if (*at == '?' && !quote)
			buf_printf(&b, "$%zu", ++n);
		else
			buf_putc(&b, *at);
	}
	*ret = arena_strdup(a, buf_text(&b));
	buf_done(&b);
	return n;
}
