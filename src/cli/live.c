/* SPDX-License-Identifier: MIT */
#include "cli/live.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "report/escape.h"
#include "base/utf8.h"

#define TITLE_COLUMN 13
#define BAR_CELLS    10
#define CHART_LEAST  8
#define CELLS_MAX    6

enum tone { PLAIN, STRONG, QUIET, BAD };

struct cell {
	char text[64];
	enum tone tone;
	int rank;            /* 0 stays longest */
};

struct line {
	const char *title;
	struct cell cells[CELLS_MAX];
	int n;
};

/* ---- the last minute ----------------------------------------------------------------------- */

void
live_add(struct live *v, const struct progress_figures *f)
{
	int64_t second = f->elapsed_s > 0 ? (int64_t)f->elapsed_s : 0;

	if (second - v->seconds > LIVE_SECONDS)
		v->seconds = second - LIVE_SECONDS;
	for (; v->seconds <= second; v->seconds++)
		v->answered[v->seconds % LIVE_SECONDS] = NAN;
	v->answered[second % LIVE_SECONDS] = f->answered;
}

/* A character a second, its height from 0 to the most that is shown. */
static void
put_chart(const struct live *v, double offered, int columns, bool utf8, struct buf *out)
{
	static const char *const blocks[] = {
		"\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84", "\xe2\x96\x85",
		"\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88",
	};
	static const char *const marks[] = { "_", ".", ":", "-", "=", "+", "*", "#" };
	int64_t n = v->seconds < columns ? v->seconds : columns;
	double top = offered;

	n = n < LIVE_SECONDS ? n : LIVE_SECONDS;
	for (int64_t s = v->seconds - n; s < v->seconds; s++)
		top = fmax(top, v->answered[s % LIVE_SECONDS]);
	for (int64_t s = v->seconds - n; s < v->seconds; s++) {
		double share = v->answered[s % LIVE_SECONDS] / top;
		int level = share > 0 ? (int)(share * 7.999) : 0;
		buf_puts(out, isnan(share) ? " " : utf8 ? blocks[level > 7 ? 7 : level]
		    : marks[level > 7 ? 7 : level]);
	}
}

/* ---- lines of cells ------------------------------------------------------------------------ */

static void __attribute__((format(printf, 4, 5)))
add(struct line *l, enum tone tone, int rank, const char *fmt, ...)
{
	struct cell *c = &l->cells[l->n++];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->text, sizeof(c->text), fmt, ap);
	va_end(ap);
	c->tone = tone;
	c->rank = rank;
}

static int
width_of(const struct line *l)
{
	int width = TITLE_COLUMN;

	for (int i = 0; i < l->n; i++)
		width += (i ? 2 : 0) + utf8_columns(l->cells[i].text);
	return width;
}

static void
drop_least(struct line *l)
{
	int least = 0;

	for (int i = 1; i < l->n; i++)
		if (l->cells[i].rank >= l->cells[least].rank)
			least = i;
	memmove(&l->cells[least], &l->cells[least + 1], (size_t)(l->n - least - 1) * sizeof(l->cells[0]));
	l->n--;
}

static void
put_toned(const char *text, enum tone tone, bool colour, struct buf *out)
{
	static const char *const codes[] = { "", "\033[1m", "\033[2m", "\033[1;31m" };

	if (!colour || tone == PLAIN)
		buf_puts(out, text);
	else
		buf_printf(out, "%s%s\033[0m", codes[tone], text);
}

/* Returns the columns that are left, the last one not counted. */
static int
put_line(struct line *l, const struct report_terminal *form, struct buf *out)
{
	char title[TITLE_COLUMN + 1];

	while (l->n && width_of(l) >= form->columns)
		drop_least(l);
	snprintf(title, sizeof(title), "  %-*.*s", TITLE_COLUMN - 2, TITLE_COLUMN - 4, l->title);
	put_toned(title, QUIET, form->colour, out);
	for (int i = 0; i < l->n; i++) {
		if (i)
			buf_puts(out, "  ");
		put_toned(l->cells[i].text, l->cells[i].tone, form->colour, out);
	}
	return form->columns - 1 - width_of(l);
}

/* ---- the view ------------------------------------------------------------------------------ */

void
live_bar(char *out, size_t size, double done)
{
	char cells[BAR_CELLS + 1];

	out[0] = '\0';
	if (!(done >= 0))
		return;
	done = done > 1 ? 1 : done;
	for (int i = 0; i < BAR_CELLS; i++)
		cells[i] = i < (int)(done * BAR_CELLS) ? '#' : '-';
	cells[BAR_CELLS] = '\0';
	snprintf(out, size, "[%s] %3.0f %%", cells, done * 100);
}

static struct line
progress_line(const char *phase, double done, const struct progress_figures *f)
{
	struct line l = { .title = phase };
	char bar[64], total[24];

	live_bar(bar, sizeof(bar), done);
	if (bar[0])
		add(&l, PLAIN, 0, "%s", bar);
	if (f->total_s > f->elapsed_s)
		add(&l, PLAIN, 1, "ETA %.0f s", ceil(f->total_s - f->elapsed_s));
	if (isfinite(f->total_s))
		add(&l, QUIET, 2, "of %s", format_duration(total, f->total_s));
	return l;
}

static struct line
rate_line(const struct progress_figures *f)
{
	struct line l = { .title = "rate" };
	char answered[24], offered[24];

	add(&l, STRONG, 0, "%s", format_rate(answered, f->answered));
	if (isfinite(f->offered))
		add(&l, PLAIN, 1, "of %s", format_rate(offered, f->offered));
	return l;
}

static struct line
latency_line(const struct progress_figures *f)
{
	struct line l = { .title = "latency" };
	const struct { const char *name; double v; int rank; } rows[] = {
		{ "p50", f->p50, 1 }, { "p95", f->p95, 2 }, { "p99", f->p99, 0 }, { "max", f->max, 3 },
	};
	char text[24];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (isfinite(rows[i].v))
			add(&l, rows[i].rank ? PLAIN : STRONG, rows[i].rank, "%s %s", rows[i].name,
			    format_duration(text, rows[i].v));
	return l;
}

static struct line
count_line(const struct progress_figures *f)
{
	struct line l = { .title = "answers" };

	if (f->done >= 0)
		add(&l, PLAIN, 1, "%lld", (long long)f->done);
	if (f->errors >= 0)
		add(&l, f->errors ? BAD : PLAIN, 0, "errors %lld", (long long)f->errors);
	if (f->timeouts >= 0)
		add(&l, f->timeouts ? BAD : PLAIN, 2, "timeouts %lld", (long long)f->timeouts);
	if (f->busy >= 0)
		add(&l, PLAIN, 3, "connections %lld of %lld", (long long)f->busy,
		    (long long)f->connections);
	return l;
}

static struct line
generator_line(const struct progress_figures *f)
{
	struct line l = { .title = "generator" };
	char text[24];

	add(&l, f->limited ? BAD : PLAIN, 0, f->limited ? "does not keep up" : "keeps up");
	if (isfinite(f->lag_p99))
		add(&l, PLAIN, 1, "late by %s", format_duration(text, f->lag_p99));
	if (isfinite(f->generator_cpu))
		add(&l, PLAIN, 2, "%s of a core", format_percent(text, f->generator_cpu));
	return l;
}

void
live_write(const struct live *v, const char *phase, double done,
    const struct progress_figures *f, const struct report_terminal *form, struct buf *out)
{
	struct line lines[LIVE_LINES] = {
		progress_line(phase, done, f), rate_line(f), latency_line(f), count_line(f),
		generator_line(f),
	};

	for (int i = 0; i < LIVE_LINES; i++) {
		int left = put_line(&lines[i], form, out) - 2;
		if (i == 1 && left >= CHART_LEAST) {
			buf_puts(out, "  ");
			put_chart(v, f->offered, left, form->utf8, out);
		}
		buf_putc(out, '\n');
	}
}
