/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	e->code = code > 0 ? code : EINVAL;
	e->status = STATUS_NOT_MEASURED;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -e->code;
}

int
err_usage(struct err *e, const char *fmt, ...)
{
	va_list ap;

	e->code = EINVAL;
	e->status = STATUS_USAGE;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int
err_wrap(struct err *e, int code, const char *fmt, ...)
{
	char front[sizeof(e->text)], cause[sizeof(e->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(front, sizeof(front), fmt, ap);
	va_end(ap);
	memcpy(cause, e->text, sizeof(cause));
	if (snprintf(e->text, sizeof(e->text), "%s: %s", front, cause) < 0)
		e->text[0] = '\0';
	return code;
}

void
err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (e->hint[0])
		return;
	va_start(ap, fmt);
	vsnprintf(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
}
