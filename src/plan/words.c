/* SPDX-License-Identifier: MIT */
#include "plan/words.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"

#define PLACE_MAX 70

static const char *
finish(struct run *r, struct buf *b)
{
	const char *s = run_str(r, buf_text(b));

	buf_done(b);
	return s;
}

const char *
words_shell(struct run *r, const char *text)
{
	struct buf b = { 0 };

	buf_putc(&b, '\'');
	for (; text && *text; text++)
		if (*text == '\'')
			buf_puts(&b, "'\\''");
		else
			buf_putc(&b, *text);
	buf_putc(&b, '\'');
	return finish(r, &b);
}

static bool
is_plain(const char *name)
{
	static const char *const reserved[] = { "order", "group", "user", "table", "index", "select",
		"from", "where", "check", "column", "default", "desc", "end", "limit", "to", "values" };

	if (!islower((unsigned char)*name) && *name != '_')
		return false;
	for (const char *c = name; *c; c++)
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
			return false;
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcmp(name, reserved[i]) == 0)
			return false;
	return true;
}

const char *
words_sql_name(struct run *r, const char *name)
{
	struct buf b = { 0 };

	if (is_plain(name))
		return name;
	buf_putc(&b, '"');
	for (; *name; name++) {
		if (*name == '"')
			buf_putc(&b, '"');
		buf_putc(&b, *name);
	}
	buf_putc(&b, '"');
	return finish(r, &b);
}

/* A finding's place may be a cut statement with white space folded, behind "table(columns): ". */
static bool
speaks_of(const char *where, const char *statement)
{
	const char *at = strstr(where, "): ");
	const char *w = at ? at + 3 : where;

	for (; *w && *statement; ) {
		if (strcmp(w, "...") == 0)
			return true;
		if (isspace((unsigned char)*w) || isspace((unsigned char)*statement)) {
			if (!isspace((unsigned char)*w) || !isspace((unsigned char)*statement))
				return false;
			w += strspn(w, " \t\r\n");
			statement += strspn(statement, " \t\r\n");
			continue;
		}
		if (*w++ != *statement++)
			return false;
	}
	return *w == '\0' && statement[strspn(statement, " \t\r\n")] == '\0';
}

const struct run_query *
words_query(const struct run *r, const struct run_finding *f)
{
	const struct run_trace *t = &r->evidence.trace;

	for (size_t i = 0; f->where && i < t->n_queries; i++) {
		const char *text = t->queries[i].fingerprint;
		if (text && (speaks_of(f->where, text + strspn(text, " \t\r\n"))))
			return &t->queries[i];
	}
	return NULL;
}

const char *
words_source(struct run *r, const char *function)
{
	const struct run_trace *t = &r->evidence.trace;

	for (size_t i = 0; function && i < t->n_functions; i++) {
		const struct run_function *fn = &t->functions[i];
		if (fn->name && strcmp(fn->name, function) == 0 && fn->file)
			return fn->line > 0 ? run_printf(r, "%s:%lld", fn->file, (long long)fn->line)
			                    : fn->file;
	}
	return NULL;
}

bool
words_compress(struct run *r, const struct run_finding *f, struct run_step *s)
{
	static const char *const names[] = { "deflate", "longest_match", "libz.so", "Brotli", "libbrotli", "ZSTD_",
		"libzstd", "gzip" };
	bool found = false;

	for (size_t i = 0; f->where && i < sizeof(names) / sizeof(names[0]); i++)
		found |= strstr(f->where, names[i]) != NULL;
	if (!found)
		return false;
	s->action = "compress.less";
	s->what = run_printf(r, "compress less: %s", words_place(r, f->where));
	s->apply = "lower the level (nginx: gzip_comp_level, brotli_comp_level), compress files beforehand "
	    "(gzip_static), keep compressed answers in a cache, leave out what is small or compressed already";
	s->undo = "set the old level again";
	s->tradeoff = "answers are somewhat larger";
	s->effort = s->risk = LEVEL_LOW;
	return true;
}

const char *
words_place(struct run *r, const char *place)
{
	if (!place)
		return "it";
	return strlen(place) <= PLACE_MAX ? place : run_printf(r, "%.*s...", PLACE_MAX - 3, place);
}
