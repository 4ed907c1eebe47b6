/* SPDX-License-Identifier: MIT */
#include <ctype.h>

#include "cli/live.h"
#include "base/utf8.h"
#include "check.h"

static const struct progress_figures usual = {
	.elapsed_s = 12.3, .total_s = 30, .offered = 1000, .answered = 998, .p50 = 0.0012,
	.p95 = 0.0034, .p99 = 0.0078, .max = 0.123, .done = 12345, .busy = 12, .connections = 256,
	.generator_cpu = 0.12, .lag_p99 = 30e-6,
};
static const struct progress_figures nothing = {
	.elapsed_s = 0, .total_s = NAN, .offered = NAN, .answered = NAN, .p50 = NAN, .p95 = NAN,
	.p99 = NAN, .max = NAN, .done = -1, .errors = -1, .timeouts = -1, .busy = -1,
	.generator_cpu = NAN, .lag_p99 = NAN,
};
static const struct progress_figures huge = {
	.elapsed_s = 1e6, .total_s = 1e9, .offered = 1e12, .answered = 1e12, .p50 = 1e5, .p95 = 1e5,
	.p99 = 1e5, .max = 1e5, .done = INT64_MAX, .errors = INT64_MAX, .timeouts = INT64_MAX,
	.busy = INT64_MAX, .connections = INT64_MAX, .generator_cpu = 1e9, .lag_p99 = 1e5,
	.limited = true,
};

static struct live
a_minute(double low, double high)
{
	struct live v = { 0 };
	struct progress_figures f = usual;

	for (int s = 0; s < 90; s++) {
		f.elapsed_s = s + 0.5;
		f.answered = s % 2 ? high : low;
		live_add(&v, &f);
	}
	return v;
}

static void
write_at(const struct progress_figures *f, struct report_terminal form, struct buf *out)
{
	struct live v = a_minute(0, 1000);
	buf_clear(out);
	live_write(&v, "a-phase-with-a-long-name", 0.41, f, &form, out);
}

/* Take the sequences for colour out; there must be none when not asked for. */
static void
drop_colour(struct buf *b, bool allowed)
{
	size_t to = 0;

	for (size_t i = 0; i < b->size; i++) {
		if (b->data[i] == '\033') {
			assert_true(allowed);
			i += strcspn(b->data + i, "m");
		} else {
			b->data[to++] = b->data[i];
		}
	}
	b->data[to] = '\0';
}

static void
every_line_fits(void **state)
{
	static const struct progress_figures *const rows[] = { &usual, &nothing, &huge };
	struct buf text = { 0 };

	for (int columns = 20; columns <= 200; columns++)
		for (int i = 0; i < 12; i++) {
			struct report_terminal form = { columns, i & 1, i & 2 };
			int lines = 0;
			write_at(rows[i / 4], form, &text);
			drop_colour(&text, form.colour);
			for (char *line = strtok(text.data, "\n"); line; line = strtok(NULL, "\n"), lines++) {
				if (utf8_columns(line) >= columns)
					fail_msg("%d of %d columns: %s", utf8_columns(line), columns, line);
				for (const char *c = line; *c; c++)
					if (iscntrl((unsigned char)*c) || (!form.utf8 && (unsigned char)*c >= 0x80))
						fail_msg("byte %02x in: %s", (unsigned char)*c, line);
			}
			assert_int_equal(lines, LIVE_LINES);
		}
	buf_done(&text);
}

static void
narrow_terminals_keep_what_matters(void **state)
{
	struct buf text = { 0 };

	write_at(&usual, (struct report_terminal){ 40, false, false }, &text);
	assert_string_equal(buf_text(&text),
	    "  a-phase-w  [####------]  41 %\n"
	    "  rate       998/s  of 1.00k/s\n"
	    "  latency    p50 1.20 ms  p99 7.80 ms\n"
	    "  answers    12345  errors 0\n"
	    "  generator  keeps up  late by 30.0 us\n");
	write_at(&usual, (struct report_terminal){ 80, false, false }, &text);
	assert_string_equal(buf_text(&text),
	    "  a-phase-w  [####------]  41 %  ETA 18 s  of 30.0 s\n"
	    "  rate       998/s  of 1.00k/s  #_#_#_#_#_#_#_#_#_#_#_#_#_#_#_#_#_#_#_#_#_#_#_#\n"
	    "  latency    p50 1.20 ms  p95 3.40 ms  p99 7.80 ms  max 123 ms\n"
	    "  answers    12345  errors 0  timeouts 0  connections 12 of 256\n"
	    "  generator  keeps up  late by 30.0 us  12.0 % of a core\n");
	buf_done(&text);
}

static void
the_chart_is_the_last_minute(void **state)
{
	struct live v = { 0 };
	struct progress_figures f = usual;
	struct buf text = { 0 };

	f.offered = 800;
	for (int s = 0; s < 9; s++) {
		f.elapsed_s = s;
		f.answered = s * 100;
		if (s != 4)
			live_add(&v, &f);
	}
	live_write(&v, "x", -1, &f, &(struct report_terminal){ 80, false, false }, &text);
	assert_non_null(strstr(buf_text(&text), "800/s  of 800/s  __.: =+*#\n"));
	buf_done(&text);
}

static void
colours_mark_what_is_wrong(void **state)
{
	struct progress_figures f = usual;
	struct buf text = { 0 };

	f.errors = 3;
	f.limited = true;
	write_at(&f, (struct report_terminal){ 80, true, true }, &text);
	assert_non_null(strstr(buf_text(&text), "\033[1;31merrors 3\033[0m"));
	assert_non_null(strstr(buf_text(&text), "\033[1;31mdoes not keep up\033[0m"));
	assert_null(strstr(buf_text(&text), "\033[1;31mtimeouts"));
	buf_done(&text);
}

RUN_TESTS(cmocka_unit_test(every_line_fits), cmocka_unit_test(narrow_terminals_keep_what_matters),
    cmocka_unit_test(the_chart_is_the_last_minute), cmocka_unit_test(colours_mark_what_is_wrong))
