/* SPDX-License-Identifier: MIT */
/* What warming decides, without a gate: when it is early, what is popular, when a schedule is due, what an update
 * concerns. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "check.h"
#include "gate/config/cron.h"
#include "gate/warm/cascade.h"
#include "gate/warm/early.h"
#include "gate/warm/pattern.h"
#include "gate/warm/popular.h"
#include "gate/warm/warm_logs.h"
#include "import/log_line.h"

#define DAY_NS (24 * 3600 * NS_PER_S)
#define T(literal) ((struct text){ literal, sizeof(literal) - 1 })

/* ---- early ----------------------------------------------------------------------------------- */

static void
what_is_about_to_go_stale_is_early(void **state)
{
	const int64_t s = NS_PER_S, ms = NS_PER_MS;
	const double e1 = 0.6321205588285577;   /* 1 - 1/e: -ln(1 - u) is 1 */
	static const struct early none;
	const struct { struct early e; bool due; } rows[] = {
		{ { 0, 60 * s, 0, 1, 0, 0 }, false },                 /* stale already */
		{ { 3 * s, 60 * s, 0, 1, 0, 0 }, true },              /* the shortest window: a twentieth */
		{ { 3 * s + 1, 60 * s, 0, 1, 0, 0.99 }, false },
		{ { 6 * s, 60 * s, 0, 1, 0.5, 0 }, true },            /* a tenth */
		{ { 6 * s + ms, 60 * s, 0, 1, 0.5, 0 }, false },
		{ { 60 * s, 24 * 3600 * s, 0, 1, 0.9, 0 }, true },    /* a minute at most */
		{ { 61 * s, 24 * 3600 * s, 0, 1, 0.9, 0 }, false },
		{ { 20 * s, 60 * s, 20 * s, 1, 0, e1 }, true },       /* cost * -ln(1 - u) = 20 s */
		{ { 20 * s, 60 * s, 20 * s, 1, 0, e1 - 0.001 }, false },
		{ { 40 * s, 60 * s, 20 * s, 2, 0, e1 + 1e-9 }, true },
		{ { 40 * s, 60 * s, 20 * s, 1, 0, e1 }, false },
		{ none, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (early_is_due(&rows[i].e) != rows[i].due)
			fail_msg("row %zu", i);
}

/* ---- popular --------------------------------------------------------------------------------- */

static void
add_n(struct popular *p, const char *path, double n, int64_t at)
{
	popular_add(p, (struct text){ path, strlen(path) }, n, at);
}

static void
what_is_asked_for_most_comes_first(void **state)
{
	struct popular *p = popular_new(100, DAY_NS);
	struct popular_item top[5];
	char path[32];

	for (int i = 1; i <= 50; i++)
		for (int k = 0; k < i; k++) {
			snprintf(path, sizeof(path), "http://a/%d", i);
			add_n(p, path, 1, DAY_NS);
		}
	assert_int_equal(popular_top(p, 5, DAY_NS, top), 5);
	for (int i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "http://a/%d", 50 - i);
		assert_memory_equal(top[i].text.at, path, strlen(path));
		CHECK_NEAR(top[i].requests, 50 - i, 1e-9);
	}
	popular_free(p);
}

/* A scan over what nobody asks for twice drives nobody out, and comes to no rank of its own. */
static void
a_flood_of_single_requests_changes_nothing(void **state)
{
	struct popular *p = popular_new(64, DAY_NS);
	struct popular_item top[64];
	char path[32];

	for (int i = 0; i < 10; i++) {
		snprintf(path, sizeof(path), "http://a/hot%d", i);
		add_n(p, path, 1000, DAY_NS);
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), "http://a/scan%d", i);
		add_n(p, path, 1, DAY_NS);
	}
	assert_true(popular_top(p, 64, DAY_NS, top) >= 10);
	for (int i = 0; i < 10; i++)
		assert_memory_equal(top[i].text.at, "http://a/hot", 12);
	for (int i = 10; i < 64; i++)
		assert_true(top[i].requests <= 1 + 1e-9);
	popular_free(p);
}

static void
old_requests_count_less(void **state)
{
	struct popular *p = popular_new(8, DAY_NS);
	struct popular_item top[2];

	add_n(p, "http://a/old", 100, DAY_NS);
	add_n(p, "http://a/new", 30, 3 * DAY_NS);
	assert_int_equal(popular_top(p, 2, 3 * DAY_NS, top), 2);
	assert_memory_equal(top[0].text.at, "http://a/new", 12);
	CHECK_NEAR(top[1].requests, 25, 1e-9);
	/* and after so long that counts are scaled anew */
	add_n(p, "http://a/old", 1, 150 * DAY_NS);
	assert_int_equal(popular_top(p, 2, 150 * DAY_NS, top), 2);
	CHECK_NEAR(top[0].requests, 1, 1e-9);
	popular_free(p);
}

static void
what_was_learned_is_kept_in_a_file(void **state)
{
	struct popular *p = popular_new(8, DAY_NS), *q = popular_new(8, DAY_NS);
	struct popular_item top[8];
	struct buf file = { 0 };
	struct err e = { 0 };

	add_n(p, "http://a/1?x=1", 3, DAY_NS);
	add_n(p, "http://a/2\naccept-language: de", 2, DAY_NS);
	add_n(p, "http://a/3?access_token=geheim", 9, DAY_NS);
	popular_write(p, DAY_NS, &file);
	assert_null(strstr(buf_text(&file), "geheim"));
	assert_int_equal(popular_read(q, "f", (struct text){ file.data, file.size }, &e), 0);
	assert_int_equal(popular_top(q, 8, DAY_NS, top), 2);
	assert_int_equal(top[1].text.size, strlen("http://a/2\naccept-language: de"));
	assert_memory_equal(top[1].text.at, "http://a/2\naccept-language: de", top[1].text.size);
	CHECK_NEAR(top[0].requests, 3, 1e-6);
	/* any bit that differs is noticed */
	for (size_t i = 0; i < file.size; i++) {
		file.data[i] ^= 1;
		assert_int_equal(popular_read(q, "f", (struct text){ file.data, file.size }, &e), -EINVAL);
		file.data[i] ^= 1;
	}
	assert_int_equal(popular_read(q, "f", (struct text){ file.data, file.size - 1 }, &e), -EINVAL);
	buf_done(&file);
	popular_free(p);
	popular_free(q);
}

/* ---- schedules ------------------------------------------------------------------------------- */

static int64_t
utc(int year, int month, int day, int hour, int minute)
{
	struct tm t = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute };
	return timegm(&t);
}

/* Berlin: 2026-03-29 02:00 becomes 03:00 (01:00 UTC), 2026-10-25 03:00 becomes 02:00 (01:00 UTC). */
static void
the_next_time_of_a_schedule(void **state)
{
	const struct { const char *cron; bool utc; int64_t after, next; } rows[] = {
		{ "0 5 * * *", true, utc(2026, 1, 1, 4, 59), utc(2026, 1, 1, 5, 0) },
		{ "0 5 * * *", true, utc(2026, 1, 1, 5, 0), utc(2026, 1, 2, 5, 0) },
		{ "0 5 * * *", false, utc(2026, 1, 1, 5, 0), utc(2026, 1, 2, 4, 0) },
		{ "0 5 * * *", false, utc(2026, 7, 1, 5, 0), utc(2026, 7, 2, 3, 0) },
		{ "0 5 * * *", false, utc(2026, 3, 28, 12, 0), utc(2026, 3, 29, 3, 0) },
		{ "30 2 * * *", false, utc(2026, 3, 28, 12, 0), utc(2026, 3, 29, 1, 0) },   /* left out: right after */
		{ "30 2 * * *", false, utc(2026, 3, 29, 1, 0), utc(2026, 3, 30, 0, 30) },
		{ "30 2 * * *", false, utc(2026, 10, 24, 12, 0), utc(2026, 10, 25, 0, 30) }, /* twice: the first */
		{ "30 2 * * *", false, utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30) },
		{ "30 * * * *", false, utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30) }, /* each hour: both */
		{ "*/15 3 * * *", false, utc(2026, 3, 29, 0, 59), utc(2026, 3, 29, 1, 0) },
		{ "0 0 29 2 *", true, utc(2026, 1, 1, 0, 0), utc(2028, 2, 29, 0, 0) },
		{ "0 0 13 * 5", true, utc(2026, 1, 1, 0, 0), utc(2026, 1, 2, 0, 0) },       /* the 13th, or a Friday */
		{ "59 23 31 12 *", true, utc(2026, 12, 31, 23, 59), utc(2027, 12, 31, 23, 59) },
		{ "0 0 30 2 *", true, utc(2026, 1, 1, 0, 0), 0 },
	};

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	if (!*tzname[1] || strcmp(tzname[1], "CEST") != 0) {
		setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
		tzset();
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cron c;
		struct err e = { 0 };
		assert_int_equal(cron_parse(rows[i].cron, &c, &e), 0);
		int64_t next = cron_next(&c, rows[i].after, rows[i].utc);
		if (next != rows[i].next)
			fail_msg("row %zu: %s: %lld, wanted %lld", i, rows[i].cron, (long long)next, (long long)rows[i].next);
	}
}

/* ---- patterns -------------------------------------------------------------------------------- */

static void
patterns_take_apart_and_put_together(void **state)
{
	static const struct { const char *pattern, *text, *template, *gives; } rows[] = {
		{ "/products/{id}", "/products/5", "tag:product:{id}", "tag:product:5" },
		{ "/products/{id}", "/products/5/more", NULL, NULL },
		{ "/products/{id}", "/products/", NULL, NULL },
		{ "/products/{id}", "/products/5?x=1", NULL, NULL },
		{ "/{lang}/p-{id}.html", "/de/p-7.html", "/{lang}/list/{id}", "/de/list/7" },
		{ "/{a}/{a}", "/x/x", "/{a}", "/x" },
		{ "/{a}/{a}", "/x/y", NULL, NULL },
		{ "tag:product:{id}", "tag:product:5", "/products/{id}?full=1", "/products/5?full=1" },
		{ "tag:product:{id}", "tag:product:5:x", NULL, NULL },
		{ "/all", "/all", "/x", "/x" },
		{ "tag:{name}", "tag:a b&c", "/{name}", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pattern_values v;
		struct buf out = { 0 };
		assert_null(pattern_fault(rows[i].pattern));
		bool fits = pattern_match(rows[i].pattern, (struct text){ rows[i].text, strlen(rows[i].text) }, &v);
		if (fits != (rows[i].gives != NULL))
			fail_msg("row %zu", i);
		if (!fits)
			continue;
		assert_true(pattern_expand(rows[i].template, pattern_value_of, &v, true, &out));
		assert_string_equal(buf_text(&out), rows[i].gives);
		buf_done(&out);
	}
}

static struct text
a_b(void *ctx, struct text name)
{
	return text_is(name, "x") ? T("a b/\xc3\xa4") : (struct text){ 0 };
}

static void
values_are_encoded_for_paths_alone(void **state)
{
	struct buf out = { 0 };

	assert_true(pattern_expand("/p/{x}", a_b, NULL, false, &out));
	assert_string_equal(buf_text(&out), "/p/a%20b%2F%C3%A4");
	assert_false(pattern_expand("/p/{x}/{y}", a_b, NULL, false, &out));
	assert_string_equal(buf_text(&out), "/p/a%20b%2F%C3%A4");
	buf_clear(&out);
	assert_true(pattern_expand("tag:{x}", a_b, NULL, false, &out));
	assert_string_equal(buf_text(&out), "tag:a b/\xc3\xa4");
	buf_done(&out);
}

/* ---- cascades -------------------------------------------------------------------------------- */

static const char *
follow(struct cascade *c, const struct gate_warming *w, const char *name)
{
	static char text[4096];
	size_t n = 0;

	cascade_clear(c);
	if (!cascade_add(c, w, (struct text){ name, strlen(name) }))
		return "refused";
	cascade_follow(c, w);
	text[0] = '\0';
	for (size_t i = 0; i < c->n && n < sizeof(text) - 200; i++)
		n += (size_t)snprintf(text + n, 200, "%s%.*s", i ? " " : "", (int)cascade_item(c, i).size,
		    cascade_item(c, i).at);
	return c->cut ? "cut" : c->all ? "all" : text;
}

static void
an_update_concerns_what_rules_say(void **state)
{
	const char *hosts[] = { "Shop.example", "127.0.0.1:81" };
	const char *listing[] = { "/products", "tag:product:{id}" }, *back[] = { "/products/{id}" },
	    *more[] = { "/grow/{x}x" }, *whole[] = { "all" };
	struct gate_rule rules[] = {
		{ "/products/{id}", listing, 2, { 0 } },
		{ "tag:product:{id}", back, 1, { 0 } },
		{ "/grow/{x}", more, 1, { 0 } },
		{ "tag:everything", whole, 1, { 0 } },
	};
	const struct gate_warming w = { .hosts = hosts, .n_hosts = 2, .rules = rules, .n_rules = 4 };
	struct cascade c = { 0 };

	assert_string_equal(follow(&c, &w, "http://shop.example/products/5"), "http://shop.example/products/5 "
	    "http://shop.example/products tag:product:5 http://127.0.0.1:81/products/5 http://127.0.0.1:81/products");
	assert_string_equal(follow(&c, &w, "/x"), "http://shop.example/x http://127.0.0.1:81/x");
	assert_string_equal(follow(&c, &w, "http://a/b/../%7Ec"), "http://a/~c");
	assert_string_equal(follow(&c, &w, "tag:everything"), "all");
	assert_string_equal(follow(&c, &w, "all"), "all");
	assert_string_equal(follow(&c, &w, "http://a/grow/y"), "cut");
	assert_string_equal(follow(&c, &w, "nothing"), "refused");
	assert_string_equal(follow(&c, &w, "tag:"), "refused");
	assert_string_equal(follow(&c, &w, "http://a b/"), "refused");
	assert_string_equal(follow(&c, &(struct gate_warming){ 0 }, "/x"), "refused");
	cascade_done(&c);
}

/* ---- logs ------------------------------------------------------------------------------------ */

static void
logs_tell_what_is_popular(void **state)
{
	static const struct { const char *method, *target, *host; int status; const char *item; } rows[] = {
		{ "GET", "/c/1?a=b", "A.example", 200, "http://a.example/c/1?a=b" },
		{ "GET", "/c/%7e/../x", "a.example:81", 304, "http://a.example:81/c/x" },
		{ "GET", "http://b.example/c/2", "", 0, "http://b.example/c/2" },
		{ "GET", "/c/3", "", 200, "http://fallback/c/3" },
		{ "POST", "/c/1", "a", 200, NULL },
		{ "GET", "/c/1", "a", 404, NULL },
		{ "GET", "/d/1", "a", 200, NULL },
		{ "GET", "*", "a", 200, NULL },
		{ "GET", "/c/1", "a b", 200, NULL },
	};
	struct gate_route routes[] = { { .match = "/c", .cache = { .enabled = true } }, { .match = "/" } };
	struct gate_config c = { .routes = routes, .n_routes = 2 };
	struct log_entry *entry = calloc(1, sizeof(*entry));
	struct buf item = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		entry->method = (struct slice){ rows[i].method, strlen(rows[i].method) };
		entry->target = (struct slice){ rows[i].target, strlen(rows[i].target) };
		entry->host = (struct slice){ rows[i].host, strlen(rows[i].host) };
		entry->status = rows[i].status;
		bool counts = warm_log_item(&c, entry, "fallback", &item);
		if (counts != (rows[i].item != NULL))
			fail_msg("row %zu", i);
		if (counts)
			assert_string_equal(buf_text(&item), rows[i].item);
	}
	buf_done(&item);
	free(entry);
}

RUN_TESTS(cmocka_unit_test(what_is_about_to_go_stale_is_early), cmocka_unit_test(what_is_asked_for_most_comes_first),
    cmocka_unit_test(a_flood_of_single_requests_changes_nothing), cmocka_unit_test(old_requests_count_less),
    cmocka_unit_test(what_was_learned_is_kept_in_a_file), cmocka_unit_test(the_next_time_of_a_schedule),
    cmocka_unit_test(patterns_take_apart_and_put_together), cmocka_unit_test(values_are_encoded_for_paths_alone),
    cmocka_unit_test(an_update_concerns_what_rules_say), cmocka_unit_test(logs_tell_what_is_popular))
