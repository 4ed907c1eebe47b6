/* SPDX-License-Identifier: MIT */
#include "report/load_forms.h"

#include <math.h>
#include <string.h>

#include "report/load_rows.h"
#include "base/utf8.h"

static void
write_text(struct buf *out, const char *s)
{
	char bytes[4];

	if (!s)
		return;
	bool formula = *s && strchr("=+-@\t\r", *s);
	bool quoted = formula || strpbrk(s, "\",\r\n");
	if (quoted)
		buf_putc(out, '"');
	if (formula)
		buf_putc(out, '\'');
	for (uint32_t c; (c = utf8_next(&s));) {
		if (c == '"')
			buf_putc(out, '"');
		buf_append(out, bytes, utf8_write(bytes, utf8_is_unsafe(c) ? UTF8_REPLACEMENT : c));
	}
	if (quoted)
		buf_putc(out, '"');
}

static void
write_row(void *ctx, const struct load_row *row)
{
	struct buf *out = ctx;

	for (const struct load_column *c = load_columns; c->name; c++) {
		const char *field = (const char *)row + c->offset;
		if (c != load_columns)
			buf_putc(out, ',');
		if (c->kind == LOAD_TEXT)
			write_text(out, *(const char *const *)(const void *)field);
		else if (c->kind == LOAD_FLAG)
			buf_puts(out, !isfinite(row->max_s) ? "" :   /* said of a tail that is known */
			    *(const bool *)(const void *)field ? "true" : "false");
		else if (isfinite(*(const double *)(const void *)field))
			buf_printf(out, "%.9g", *(const double *)(const void *)field);
	}
	buf_putc(out, '\n');
}

void
report_load_csv(const struct run *r, struct buf *out)
{
	for (const struct load_column *c = load_columns; c->name; c++)
		buf_printf(out, "%s%s", c == load_columns ? "" : ",", c->name);
	buf_putc(out, '\n');
	load_rows(r, write_row, out);
}
