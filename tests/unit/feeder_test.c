/* SPDX-License-Identifier: MIT */
#include "scenario/feeder.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "with_arena.h"

static int
parse(const char *text, size_t size, struct scenario_feeder from, struct feeder **ret, struct err *e)
{
	struct buf csv = { 0 };

	from.name = from.name ? from.name : "users";
	from.exponent = from.exponent > 0 ? from.exponent : 1;
	buf_append(&csv, text, size);
	int code = feeder_parse(&from, &csv, "users.csv", arena, ret, e);
	assert_null(csv.data);
	return code;
}

/* All values, those of a row between brackets. */
static void
show(const struct feeder *f, struct buf *out)
{
	for (uint32_t i = 0; i < f->n_columns; i++)
		buf_printf(out, "%s|", f->columns[i]);
	for (uint64_t row = 0; row < f->n_rows; row++) {
		buf_putc(out, '[');
		for (uint32_t i = 0; i < f->n_columns; i++) {
			struct view v = feeder_value(f, row, i);
			buf_append(out, v.bytes, v.size);
			buf_putc(out, '|');
		}
		buf_putc(out, ']');
	}
}

static void
rows_are_read(void **state)
{
	static const struct { const char *text, *shown; } rows[] = {
		{ "a\n1", "a|[1|]" }, { "a\n1\n", "a|[1|]" }, { "a,b\r\n1,2\r\n3,4\r\n", "a|b|[1|2|][3|4|]" },
		{ "\xef\xbb\xbf" "a\n1\n", "a|[1|]" }, { "a,b\n,\n", "a|b|[||]" }, { "a,b\n1,", "a|b|[1||]" },
		{ "a\n\n1\n\n\n2\n\n", "a|[1|][2|]" }, { "a\n\"\"\n", "a|[|]" },
		{ "\"a \"\"b\"\"\",c\n\"1,2\",\"x\ny\"\n", "a \"b\"|c|[1,2|x\ny|]" },
		{ "a\n\"\"\"\"\n", "a|[\"|]" }, { "a,b\n 1 ,2\n", "a|b|[ 1 |2|]" },
		{ "a\n1\r2\n", "a|[1\r2|]" }, { "a\n1\r", "a|[1\r|]" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct feeder *f = NULL;
		struct err e = { 0 };
		CLEANUP(buf_done) struct buf shown = { 0 };
		if (parse(rows[i].text, strlen(rows[i].text), (struct scenario_feeder){ 0 }, &f, &e) < 0)
			fail_msg("row %zu: %s", i, e.text);
		show(f, &shown);
		assert_string_equal(shown.data, rows[i].shown);
		feeder_free(f);
	}
}

static void
mistakes_are_explained(void **state)
{
	static const struct { const char *text; size_t size; const char *error; } rows[] = {
		{ "", 0, "users.csv:1: empty" }, { "\n\n", 2, "users.csv:3: empty" },
		{ "a\n", 2, "users.csv:2: no rows" }, { "a,a\n1,2\n", 8, "users.csv:1: column 2 has the name" },
		{ "a,\n1,2\n", 7, "users.csv:1: column 2 has no name" },
		{ "a,b\n1,2\n3\n", 10, "users.csv:3: 1 value where the first line names 2 columns" },
		{ "a\n1,2\n", 6, "users.csv:2: 2 values where the first line names 1 column" },
		{ "a\n\"x\ny\n", 7, "users.csv:2: a quoted value does not end" },
		{ "a\n\"x\ny\"z\n", 9, "users.csv:3: text behind a closing quote" },
		{ "a\nx\"y\n", 6, "users.csv:2: a quote inside a value" },
		{ "a\nb\n\0\n", 6, "users.csv:3: a zero byte" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct feeder *f = NULL;
		struct err e = { 0 };
		assert_true(parse(rows[i].text, rows[i].size, (struct scenario_feeder){ 0 }, &f, &e) < 0);
		if (!strstr(e.text, rows[i].error))
			fail_msg("row %zu: %s", i, e.text);
		assert_int_equal(e.status, STATUS_USAGE);
	}
}

/* n rows in one column. */
static struct feeder *
numbers(uint64_t n, struct scenario_feeder from)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct feeder *f = NULL;
	struct err e = { 0 };

	buf_puts(&text, "id\n");
	for (uint64_t i = 0; i < n; i++)
		buf_printf(&text, "%llu\n", (unsigned long long)i);
	assert_int_equal(parse(text.data, text.size, from, &f, &e), 0);
	assert_int_equal(f->n_rows, n);
	return f;
}

static void
rows_come_in_order(void **state)
{
	struct feeder *f = numbers(3, (struct scenario_feeder){ .order = ORDER_SEQUENTIAL });

	for (uint64_t i = 0; i < 9; i++)
		assert_int_equal(feeder_row(f, 1, i), i % 3);
	feeder_free(f);
}

static void
rows_come_at_random(void **state)
{
	struct feeder *f = numbers(10, (struct scenario_feeder){ .order = ORDER_RANDOM });
	struct feeder *g = numbers(10, (struct scenario_feeder){ .order = ORDER_RANDOM, .name = "other" });
	int seen[10] = { 0 }, same = 0;

	for (uint64_t i = 0; i < 10000; i++) {
		uint64_t row = feeder_row(f, 7, i);
		assert_in_range(row, 0, 9);
		assert_int_equal(feeder_row(f, 7, i), row);
		same += feeder_row(g, 7, i) == row;
		seen[row]++;
	}
	for (int i = 0; i < 10; i++)
		CHECK_NEAR(seen[i], 1000, 150);   /* five standard deviations */
	CHECK_NEAR(same, 1000, 150);
	feeder_free(f);
	feeder_free(g);
}

/* Against the law itself: rank k in proportion to k^-s, by the chi-square of the first ranks. */
static void
check_zipf(uint64_t n, double exponent)
{
	enum { DRAWS = 200000, SHOWN = 20 };
	struct feeder *f = numbers(n, (struct scenario_feeder){ .order = ORDER_ZIPF, .exponent = exponent });
	double sum = 0, chi2 = 0;
	int seen[SHOWN] = { 0 }, cells = 0;

	for (uint64_t k = 1; k <= n; k++)
		sum += pow((double)k, -exponent);
	for (uint64_t i = 0; i < DRAWS; i++) {
		uint64_t row = feeder_row(f, 42, i);
		assert_true(row < n);
		if (row < SHOWN)
			seen[row]++;
	}
	for (uint64_t k = 0; k < SHOWN && k < n; k++) {
		double wanted = DRAWS * pow((double)(k + 1), -exponent) / sum;
		if (wanted < 5)
			break;
		chi2 += (seen[k] - wanted) * (seen[k] - wanted) / wanted;
		cells++;
	}
	/* Mean `cells`, variance 2 * cells: six standard deviations. */
	if (chi2 > cells + 6 * sqrt(2.0 * cells))
		fail_msg("n %d exponent %g: chi-square %g on %d cells", (int)n, exponent, chi2, cells);
	feeder_free(f);
}

static void
rows_follow_zipfs_law(void **state)
{
	static const double exponents[] = { 0.2, 0.5, 0.99, 1, 1.0000001, 1.1, 2, 5, 20 };

	for (size_t i = 0; i < COUNT_OF(exponents); i++) {
		check_zipf(1000, exponents[i]);
		check_zipf(2, exponents[i]);
		check_zipf(1, exponents[i]);
	}
	struct zipf z = zipf_make(50000000, 1.1);
	for (uint64_t i = 0; i < 10000; i++)
		assert_true(zipf_rank(&z, 1, i) < 50000000);
}

static void
files_are_found_beside_the_scenario(void **state)
{
	char folder[] = "/tmp/prony-feeder-XXXXXX", path[64];
	struct feeder *f = NULL;
	struct err e = { 0 };
	struct scenario_feeder from = { .name = "users", .file = "u.csv", .exponent = 1 };

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/u.csv", folder);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs("id\n5\n", out);
	fclose(out);
	assert_int_equal(feeder_load(&from, folder, arena, &f, &e), 0);
	assert_int_equal(feeder_value(f, 0, 0).bytes[0], '5');
	feeder_free(f);
	from.file = arena_strdup(arena, path);
	assert_int_equal(feeder_load(&from, "elsewhere", arena, &f, &e), 0);
	feeder_free(f);
	unlink(path);
	assert_true(feeder_load(&from, "elsewhere", arena, &f, &e) < 0);
	assert_non_null(strstr(e.text, "feeder 'users': cannot open"));
	rmdir(folder);
}

RUN_TESTS(
	WITH_ARENA(rows_are_read),
	WITH_ARENA(mistakes_are_explained),
	WITH_ARENA(rows_come_in_order),
	WITH_ARENA(rows_come_at_random),
	WITH_ARENA(rows_follow_zipfs_law),
	WITH_ARENA(files_are_found_beside_the_scenario))
