/* SPDX-License-Identifier: MIT */
/* A frame is whole lines; the cursor waits below them and goes back up for the next frame. It is
 * never hidden, and no mode of the terminal is changed, so whatever ends the program leaves nothing
 * to restore. */
#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/live.h"
#include "base/utf8.h"

#define PLAIN_EVERY_NS (10 * NS_PER_S)
#define FRAME_EVERY_NS (NS_PER_S / 5)   /* at most; a load tells four times a second */
#define ETA_FROM       0.1    /* share of the phase done before an end is predicted */

static struct drawing {
	bool redraws;
	struct report_terminal form;
	char phase[32];
	int64_t phase_began_ns, said_ns;
	double phase_done;        /* of it when it was first heard of */
	struct live view;
	int widths[LIVE_LINES];   /* of the lines that are drawn */
	int lines;                /* so many; 0: none */
} drawing;

/* ---- frames -------------------------------------------------------------------------------- */

/* Without the sequences for colour. */
static int
shown_columns(const char *line, size_t size)
{
	int columns = 0;

	for (const char *at = line, *end = line + size; at < end;) {
		if (*at == '\033')
			at += strcspn(at, "m") + 1;
		else
			columns += utf8_width(utf8_next(&at));
	}
	return columns;
}

/* To the first row of what is drawn. A terminal that has become narrower has wrapped the lines. */
static void
put_rewind(struct drawing *d, struct buf *out)
{
	int rows = 0;

	for (int i = 0; i < d->lines; i++)
		rows += d->widths[i] > d->form.columns ? (d->widths[i] - 1) / d->form.columns + 1 : 1;
	if (rows)
		buf_printf(out, "\r\033[%dA", rows);
	d->lines = 0;
}

/* `text` is whole lines, LIVE_LINES at most. */
static void
draw(struct drawing *d, const char *text)
{
	CLEANUP(buf_done) struct buf out = { 0 };

	put_rewind(d, &out);
	for (const char *line = text; *line && d->lines < LIVE_LINES;) {
		size_t size = strcspn(line, "\n");
		d->widths[d->lines++] = shown_columns(line, size);
		buf_append(&out, line, size);
		buf_puts(&out, "\033[K\n");
		line += size + (line[size] == '\n');
	}
	buf_puts(&out, "\033[J");
	fwrite(out.data, 1, out.size, stderr);
	fflush(stderr);
}

/* ---- one line ------------------------------------------------------------------------------ */

/* "ETA 34 s  " at the pace since the phase was first heard of; empty when it cannot be told. */
static void
format_eta(char *out, size_t size, const struct drawing *d, double done, int64_t elapsed_ns)
{
	out[0] = '\0';
	if (done < d->phase_done + ETA_FROM || done >= 1)
		return;
	double left_s = ns_to_s(elapsed_ns) * (1 - done) / (done - d->phase_done);
	snprintf(out, size, "ETA %.0f s  ", ceil(left_s));
}

static void
format_line(struct drawing *d, double done, const char *line, int64_t now, char *out, size_t size)
{
	char bar[64], eta[48];

	live_bar(bar, sizeof(bar), done);
	format_eta(eta, sizeof(eta), d, done, now - d->phase_began_ns);
	snprintf(out, size, "  %s%s%s%s  %s", bar, bar[0] ? " " : "", eta, d->phase, line);
}

/* ---- the progress -------------------------------------------------------------------------- */

static void
begin_phase(struct drawing *d, const char *phase, double done, int64_t now)
{
	snprintf(d->phase, sizeof(d->phase), "%s", phase);
	d->phase_began_ns = now;
	d->phase_done = done < 0 ? 0 : done;
	d->view = (struct live){ 0 };
}

static void
show(struct drawing *d, double done, const char *line, const struct progress_figures *figures,
    int64_t now)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	char one[512];

	d->form.columns = terminal_columns(STDERR_FILENO);
	if (figures && terminal_rows(STDERR_FILENO) > LIVE_LINES + 1) {
		live_write(&d->view, d->phase, done, figures, &d->form, &text);
	} else {
		format_line(d, done, line, now, one, sizeof(one));
		buf_printf(&text, "%.*s\n", d->form.columns - 1, one);
	}
	draw(d, buf_text(&text));
}

static void
update(void *ctx, const char *phase, double done, const char *line,
    const struct progress_figures *figures)
{
	struct drawing *d = ctx;
	int64_t now = now_ns();
	bool same = strcmp(d->phase, phase) == 0;

	if (!same)
		begin_phase(d, phase, done, now);
	if (figures)
		live_add(&d->view, figures);
	int64_t pause = !d->redraws ? PLAIN_EVERY_NS : same ? FRAME_EVERY_NS : 0;
	if (d->said_ns && now - d->said_ns < pause)
		return;
	d->said_ns = now;
	if (d->redraws) {
		show(d, done, line, figures, now);
		return;
	}
	char text[512];
	format_line(d, done, line, now, text, sizeof(text));
	fprintf(stderr, "%s\n", text);
}

struct progress
progress_draw(enum colour_when when)
{
	drawing = (struct drawing){
		.redraws = terminal_redraws(STDERR_FILENO),
		.form = { .colour = terminal_colour(STDERR_FILENO, when), .utf8 = terminal_utf8() },
	};
	return (struct progress){ update, &drawing };
}

void
progress_end(void)
{
	CLEANUP(buf_done) struct buf out = { 0 };

	if (!drawing.lines)
		return;
	drawing.form.columns = terminal_columns(STDERR_FILENO);
	put_rewind(&drawing, &out);
	buf_puts(&out, "\033[J");
	fwrite(out.data, 1, out.size, stderr);
}
