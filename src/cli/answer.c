/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/progress.h"

static const char *
status_name(enum status s)
{
	switch (s) {
	case STATUS_OK:
		return "ok";
	case STATUS_MISSED:
		return "missed";
	case STATUS_USAGE:
		return "usage";
	case STATUS_INCONCLUSIVE:
		return "inconclusive";
	case STATUS_NOT_MEASURED:
		return "not-measured";
	case STATUS_SAFETY_STOP:
		return "safety-stop";
	case STATUS_TAKEN_BACK:
		return "taken-back";
	case STATUS_BUG:
		break;
	}
	return "bug";
}

/* write(2) until everything is out; 0 or -errno. */
static int
write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(fd, text, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	return 0;
}

static void
print_error_json(const struct err *e)
{
	json_t *j = json_pack("{s:{s:s, s:i, s:s, s:s}}", "error", "code", status_name(e->status),
	    "status", (int)e->status, "message", e->text, "next", e->hint);
	/* The text may quote bytes that are no UTF-8; then the message on stderr has to do. */
	char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
	if (text && write_all(STDOUT_FILENO, text, strlen(text)) == 0)
		write_all(STDOUT_FILENO, "\n", 1);
	free(text);
	json_decref(j);
}

/* Control characters, which a terminal would obey, become '?'; line ends and tabs stay. */
static char
harmless(char c)
{
	bool obeyed = ((unsigned char)c < ' ' && c != '\n' && c != '\t') || c == 0x7f;
	return obeyed ? '?' : c;
}

static void
make_harmless(struct buf *text)
{
	for (size_t i = 0; i < text->size; i++)
		text->data[i] = harmless(text->data[i]);
}

/* In one piece, so that lines of processes that share a terminal or a log do not mix. */
static void
print_safely(struct buf *text)
{
	make_harmless(text);
	write_all(STDERR_FILENO, text->data, text->size);
}

static void
print_error(const struct err *e)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	progress_end();
	buf_printf(&text, "prony: %s\n  next: %s\n", e->text,
	    e->hint[0] ? e->hint : "'prony doctor' shows what can be seen on this host");
	print_safely(&text);
}

int
cli_fail(struct invocation *in, const struct err *e)
{
	print_error(e);
	if (in->json)
		print_error_json(e);
	return e->status;
}

void
cli_note(struct invocation *in, const char *fmt, ...)
{
	CLEANUP(buf_done) struct buf line = { 0 };
	va_list ap;

	if (in->quiet)
		return;
	progress_end();
	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	buf_putc(&line, '\n');
	print_safely(&line);
}

int
cli_print_plain(struct invocation *in, struct buf *text, int status)
{
	make_harmless(text);
	return cli_print(in, text, status);
}

int
cli_print(struct invocation *in, const struct buf *text, int status)
{
	struct err e = { 0 };

	progress_end();
	int code = write_all(STDOUT_FILENO, buf_text(text), text->size);
	if (code == 0 || code == -EPIPE)   /* a reader that has seen enough is no failure */
		return status;
	err_set(&e, -code, "cannot write to stdout: %s", strerror(-code));
	err_hint(&e, "send the output to a place with room");
	in->json = false;
	return cli_fail(in, &e);
}

int
cli_print_run(struct invocation *in, const struct run *r, int status)
{
	struct buf text = { 0 };

	if (in->json)
		report_json(r, &text);
	else
		report_terminal(r, &in->terminal, &text);
	status = cli_print(in, &text, status);
	buf_done(&text);
	return status;
}

static int
status_of_verdict(const struct run *r)
{
	switch (r->verdict) {
	case VERDICT_MET:
		return STATUS_OK;
	case VERDICT_MISSED:
		return STATUS_MISSED;
	case VERDICT_ERROR:
		return STATUS_NOT_MEASURED;
	case VERDICT_NONE:
	case VERDICT_INCONCLUSIVE:
	case VERDICT_GENERATOR_LIMITED:
	case VERDICT_IDLE:
		break;
	}
	return STATUS_INCONCLUSIVE;
}

int
cli_run_end(struct invocation *in, const struct run *r)
{
	struct err e = { 0 };

	if (!r->safety_stop.what)
		return status_of_verdict(r);
	err_set(&e, ECANCELED, "stopped for safety in phase '%s': %s", r->safety_stop.phase,
	    r->safety_stop.what);
	err_hint(&e, "%s", r->safety_stop.next);
	print_error(&e);
	return STATUS_SAFETY_STOP;
}
