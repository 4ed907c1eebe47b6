/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SAY(e, code, status) \
	do { \
		va_list ap; \
		va_start(ap, fmt); \
		say((e), (code), (status), fmt, ap); \
		va_end(ap); \
	} while (0)

static void
say(struct err *e, int code, enum status status, const char *fmt, va_list ap)
{
	e->code = code > 0 ? code : EINVAL;
	e->status = status;
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
}

int
err_set(struct err *e, int code, const char *fmt, ...)
{
	SAY(e, code, STATUS_NOT_MEASURED);
	return -e->code;
}

int
err_usage(struct err *e, const char *fmt, ...)
{
	SAY(e, EINVAL, STATUS_USAGE);
	return -EINVAL;
}

int
err_bug(struct err *e, const char *fmt, ...)
{
	SAY(e, ENOTRECOVERABLE, STATUS_BUG);
	e->hint[0] = '\0';
	err_hint(e, "this is a bug of prony, please report it with this message and 'prony --version'");
	return -ENOTRECOVERABLE;
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
