/* SPDX-License-Identifier: MIT */
/* Foreign text and expressions side by side, so that neither is taken for the other. */
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "import/plain_text.h"
#include "import/scenario_draft.h"

void
draft_put_byte(struct buf *out, char c)
{
	/* "${" is written "$${". */
	if (c == '{' && out->size && out->data[out->size - 1] == '$')
		buf_putc(out, '$');
	buf_putc(out, c);
}

void
draft_put_bytes(struct buf *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		draft_put_byte(out, text[i]);
}

/* A '$' at the end would escape the expression that follows. */
static void
close_dollar(struct buf *out)
{
	if (!out->size || out->data[out->size - 1] != '$')
		return;
	out->data[--out->size] = '\0';
	buf_puts(out, "${choice(\"$\")}");
}

void
draft_put_text(struct buf *out, const char *text)
{
	if (*text == '$' || *text == '{')
		close_dollar(out);
	buf_puts(out, text);
}

void
draft_put_expression(struct buf *out, const char *fmt, ...)
{
	va_list ap;

	close_dollar(out);
	buf_puts(out, "${");
	va_start(ap, fmt);
	buf_vprintf(out, fmt, ap);
	va_end(ap);
	buf_putc(out, '}');
}

void
draft_put_choice(struct buf *out, const char *const *values, size_t n)
{
	CLEANUP(buf_done) struct buf list = { 0 };

	for (size_t i = 0; i < n; i++) {
		const char *quote = !strpbrk(values[i], "\"'(), \t{}") && *values[i] ? "" :
		    !strchr(values[i], '"') ? "\"" : "'";
		/* Scenarios refuse '#' in a URL wherever it stands. */
		if ((*quote && strchr(values[i], *quote)) || strchr(values[i], '#') ||
		    !plain_is_line(values[i]))
			continue;
		buf_printf(&list, "%s%s%s%s", list.size ? ", " : "", quote, values[i], quote);
	}
	if (list.size)
		draft_put_expression(out, "choice(%s)", buf_text(&list));
}

const char *
draft_literal(struct draft *d, const char *text, size_t size)
{
	CLEANUP(buf_done) struct buf out = { .cap_bytes = 2 * size + 1 };

	if (!memmem(text, size, "${", 2))
		return arena_strndup(d->arena, text, size);
	draft_put_bytes(&out, text, size);
	return arena_strdup(d->arena, buf_text(&out));
}
