/* SPDX-License-Identifier: MIT */
#include "cli/history_table.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"

#define NAME_WIDTH 64
#define DAY_WIDTH 10               /* of RFC 3339 */
#define RUN_WIDTH 64
#define SPARK_POINTS 24
#define SPARK_RANGE 0.1            /* of the figure: from the lowest bar to the highest at least */
#define PROFILE_ROWS 10            /* functions and statements without a change that are shown */

enum unit { UNIT_SECONDS, UNIT_RATE, UNIT_BYTES, UNIT_SHARE };

/* In the order of the table. */
static const struct metric { const char *name, *label; enum unit unit; } metrics[] = {
	{ "latency_p50", "p50", UNIT_SECONDS },
	{ "latency_p95", "p95", UNIT_SECONDS },
	{ "latency_p99", "p99", UNIT_SECONDS },
	{ "throughput", "throughput", UNIT_RATE },
	{ "cpu_per_request", "CPU/request", UNIT_SECONDS },
	{ "rss_bytes", "memory", UNIT_BYTES },
	{ "error_rate", "errors", UNIT_SHARE },
	{ "knee_rate", "knee", UNIT_RATE },
	{ "function", "CPU", UNIT_SECONDS },
	{ "query", "SQL", UNIT_SECONDS },
};

static const struct metric *
metric_of(const struct history_series *s)
{
	for (size_t i = 0; i < COUNT_OF(metrics); i++)
		if (strcmp(metrics[i].name, s->metric) == 0)
			return &metrics[i];
	return &metrics[0];
}

static bool
is_profile(const struct history_series *s)
{
	return metric_of(s) >= &metrics[COUNT_OF(metrics) - 2];
}

static const char *
figure(char out[24], const struct history_series *s, double value)
{
	switch (metric_of(s)->unit) {
	case UNIT_SECONDS:
		return format_duration(out, value);
	case UNIT_RATE:
		return format_rate(out, value);
	case UNIT_BYTES:
		return format_size(out, value);
	case UNIT_SHARE:
		break;
	}
	return format_percent(out, value);
}

int
history_status(const struct history_answer *a)
{
	bool enough = false;

	for (size_t i = 0; i < a->n_series; i++) {
		/* Functions and statements say why; work may move from one to another. */
		if (history_is_worse(&a->series[i]) && !is_profile(&a->series[i]))
			return STATUS_MISSED;
		enough |= a->series[i].n_points >= HISTORY_LEAST;
	}
	return enough ? STATUS_OK : STATUS_INCONCLUSIVE;
}

/* ---- the table ---- */

/* The last points as a line of bars, each the mean of its share of them. */
static void
write_spark(struct buf *out, const struct history_series *s)
{
	static const char *const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	size_t n = s->n_points < SPARK_POINTS ? s->n_points : SPARK_POINTS;
	double mean[SPARK_POINTS], low = INFINITY, high = -INFINITY;

	for (size_t k = 0; k < n; k++) {
		size_t from = k * s->n_points / n, to = (k + 1) * s->n_points / n;
		mean[k] = 0;
		for (size_t i = from; i < to; i++)
			mean[k] += s->points[i].value / (double)(to - from);
		low = fmin(low, mean[k]);
		high = fmax(high, mean[k]);
	}
	/* What hardly moves shall look so. */
	double range = fmax(high - low, SPARK_RANGE * fabs(high)), base = (low + high - range) / 2;
	for (size_t k = 0; k < n; k++)
		buf_puts(out, bars[range > 0 ? (size_t)((mean[k] - base) / range * 7.999) : 3]);
}

/* At most `width` columns of a text from outside; what would disturb the text around it is shown as
 * "?". */
static void
write_cut(struct buf *out, const char *text, int width)
{
	char bytes[4];
	int used = 0;
	uint32_t c;

	while ((c = utf8_next(&text))) {
		c = utf8_is_unsafe(c) ? '?' : c;
		if (used + utf8_width(c) > width)
			break;
		used += utf8_width(c);
		buf_append(out, bytes, utf8_write(bytes, c));
	}
}

static void
write_change(struct buf *out, const struct report_terminal *t, const struct history_series *s)
{
	char before[24], after[24], share[24];

	if (s->n_points < HISTORY_LEAST) {
		buf_printf(out, "%zu runs: too few for a claim (%d)", s->n_points, HISTORY_LEAST);
		return;
	}
	if (!s->n_changes) {
		buf_printf(out, "no change in %zu runs", s->n_points);
		return;
	}
	const struct history_change *c = &s->changes[s->n_changes - 1];
	const char *on = !t->colour ? "" : c->worse ? "\033[31m" : "\033[32m", *off = t->colour ? "\033[0m" : "";
	buf_printf(out, "%s%s%s %s %s %s", on, c->worse ? "worse" : "better", off,
	    figure(before, s, c->before), t->utf8 ? "→" : "->", figure(after, s, c->after));
	buf_puts(out, " since ");
	write_cut(out, s->points[c->at].created, DAY_WIDTH);
	buf_printf(out, ", confidence %s\n  %-18srun ",
	    c->confidence > 0.999 ? "over 99.9 %" : format_percent(share, c->confidence), "");
	write_cut(out, s->points[c->at].run, RUN_WIDTH);
	if (c->high > c->low)
		buf_printf(out, ", or %zu runs earlier to %zu later", c->at - c->low, c->high - c->at);
}

static void
write_series(struct buf *out, const struct report_terminal *t, const struct history_series *s)
{
	char last[24], level[24];

	buf_printf(out, "  %-11s last %-10s level %-10s ", metric_of(s)->label,
	    figure(last, s, s->points[s->n_points - 1].value), figure(level, s, s->level));
	if (t->utf8)
		write_spark(out, s);
	if (s->what) {
		buf_printf(out, "\n  %11s ", "");
		write_cut(out, s->what, t->columns > 40 ? t->columns - 16 : 24);
	}
	buf_printf(out, "\n  %11s ", "");
	write_change(out, t, s);
	buf_puts(out, "\n");
}

/* The series of one service, workload and host: [from, to). */
static void
write_group(struct buf *out, const struct report_terminal *t, const struct history_series *all,
    size_t from, size_t to)
{
	size_t profile = 0, left_out = 0;

	write_cut(out, all[from].service, NAME_WIDTH);
	buf_puts(out, "\n  ");
	write_cut(out, all[from].workload, t->columns > 24 ? t->columns - 4 : 20);
	buf_puts(out, "\n  on ");
	write_cut(out, all[from].host, NAME_WIDTH);
	buf_putc(out, '\n');
	for (size_t m = 0; m < COUNT_OF(metrics); m++)
		for (size_t i = from; i < to; i++) {
			if (metric_of(&all[i]) != &metrics[m])
				continue;
			/* Functions and statements are many; those that changed always count. */
			if (is_profile(&all[i]) && !all[i].n_changes && profile++ >= PROFILE_ROWS)
				left_out++;
			else
				write_series(out, t, &all[i]);
		}
	if (left_out)
		buf_printf(out, "  and %zu functions and statements without a change\n", left_out);
}

void
history_table(struct buf *out, const struct report_terminal *t, const struct history_answer *a)
{
	for (size_t from = 0, to; from < a->n_series; from = to) {
		for (to = from + 1; to < a->n_series && history_is_same_load(&a->series[from], &a->series[to]);)
			to++;
		write_group(out, t, a->series, from, to);
	}
	if (!a->n_series)
		buf_puts(out, "no finished runs of it\n  next: measure it with 'prony check URL'\n");
}

/* ---- the document ---- */

static json_t *
change_json(const struct history_series *s, const struct history_change *c)
{
	return json_pack("{s:s, s:f, s:f, s:f, s:s, s:s, s:I, s:I, s:I}", "direction",
	    c->worse ? "worse" : "better", "before", c->before, "after", c->after, "confidence",
	    c->confidence, "run", s->points[c->at].run, "created", s->points[c->at].created, "at",
	    (json_int_t)c->at, "at_low", (json_int_t)c->low, "at_high", (json_int_t)c->high);
}

static json_t *
series_json(const struct history_series *s)
{
	json_t *points = json_array(), *changes = json_array();

	for (size_t i = 0; i < s->n_points; i++)
		json_array_append_new(points, json_pack("{s:s, s:s, s:f}", "run", s->points[i].run,
		    "created", s->points[i].created, "value", s->points[i].value));
	for (size_t i = 0; i < s->n_changes; i++)
		json_array_append_new(changes, change_json(s, &s->changes[i]));
	json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:f, s:o, s:o}", "service", s->service,
	    "workload", s->workload, "host", s->host, "metric", s->metric, "enough_runs",
	    s->n_points >= HISTORY_LEAST, "worse", history_is_worse(s), "level", s->level, "changes", changes,
	    "points", points);
	if (s->what)
		json_object_set_new(j, "what", json_string(s->what));
	if (isfinite(s->sd))
		json_object_set_new(j, "relative_sd", json_real(s->sd));
	return j;
}

json_t *
history_json(const struct history_answer *a)
{
	json_t *series = json_array(), *skipped = json_array();

	for (size_t i = 0; i < a->n_series; i++)
		json_array_append_new(series, series_json(&a->series[i]));
	for (size_t i = 0; i < a->n_skipped; i++)
		json_array_append_new(skipped, json_pack("{s:s, s:s}", "path", a->skipped[i].path, "why",
		    a->skipped[i].why));
	return json_pack("{s:s, s:I, s:i, s:o, s:o}", "schema", "prony.history/1", "runs",
	    (json_int_t)a->runs, "status", history_status(a), "series", series, "skipped", skipped);
}

/* ---- the command ---- */

static void
history_close_p(struct history **h)
{
	history_close(*h);
}

static void
write_document(struct buf *out, const struct history_answer *a)
{
	json_t *j = history_json(a);
	char *text = json_dumps(j, JSON_INDENT(2));

	json_decref(j);
	if (!text)
		abort();
	buf_puts(out, text);
	buf_putc(out, '\n');
	free(text);
}

int
history_answer(struct invocation *in)
{
	CLEANUP(arena_free_p) struct arena *a = arena_new();
	CLEANUP(history_close_p) struct history *h = NULL;
	CLEANUP(buf_done) struct buf text = { 0 };
	struct history_answer answer;
	struct err e = { 0 };

	if (in->n_words > 1) {
		err_usage(&e, "prony prove --history: the past of one service is shown, %zu are named",
		    in->n_words);
		err_hint(&e, "name one, or none for all");
		return cli_fail(in, &e);
	}
	if (history_open(NULL, &h, &e) < 0 ||
	    history_ask(h, in->n_words ? in->words[0] : NULL, a, &answer, &e) < 0)
		return cli_fail(in, &e);
	for (size_t i = 0; i < answer.n_skipped; i++)
		cli_note(in, "prony: left out: %s", answer.skipped[i].why);
	if (in->json)
		write_document(&text, &answer);
	else
		history_table(&text, &in->terminal, &answer);
	return cli_print(in, &text, history_status(&answer));
}
