/* SPDX-License-Identifier: MIT */
#include "load/safety.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "check.h"
#include "load/guard.h"

#define MS 1000000

static struct route routes[] = { { .name = "/a" }, { .name = "/b" } };
static const struct program program = { .routes = routes, .n_routes = 2 };

/* What a second brought; failed < 0: nothing was offered. */
struct second_of { int64_t answered, failed, latency_ms; };

static struct tally *
tally_of(const struct second_of *s)
{
	if (s->failed < 0)
		return NULL;
	struct tally *t = tally_new(2);
	for (int64_t i = 0; i < s->answered; i++)
		tally_answer(t, 0, &(struct reply){ .status = 200 }, OUTCOME_ANSWERED, s->latency_ms * MS);
	for (int64_t i = 0; i < s->failed; i++)
		tally_error(t, 1, OUTCOME_RESET);
	return t;
}

/* The second, from 1, at which it stops; 0: it does not. */
static int
stops_at(const char *condition, const struct second_of *seconds, int n)
{
	struct spec *spec = spec_new();
	struct run *r = run_new();
	struct safety s;
	struct err e = { 0 };
	int at = 0;

	assert_int_equal(spec_stop_if(spec, condition, &e), 0);
	assert_int_equal(safety_begin(&s, spec, &program, &e), 0);
	for (int i = 0; i < n && !at; i++) {
		struct tally *t = tally_of(&seconds[i]);
		safety_second(&s, t, "normal", i + 1, r);
		tally_free(t);
		at = r->safety_stop.what ? i + 1 : 0;
	}
	if (at) {
		assert_string_equal(r->safety_stop.phase, "normal");
		CHECK_NEAR(r->safety_stop.at, at, 0);
		assert_non_null(strstr(r->safety_stop.what, condition));
	}
	run_free(r);
	spec_free(spec);
	return at;
}

static void
harm_that_lasts_stops(void **state)
{
	static const struct {
		const char *condition;
		int wanted;
		struct second_of seconds[6];
	} rows[] = {
		{ "errors>20%", 4, { { 9, 1, 5 }, { 7, 3, 5 }, { 7, 3, 5 }, { 7, 3, 5 } } },
		{ "errors>20%", 0, { { 7, 3, 5 }, { 7, 3, 5 }, { 9, 1, 5 }, { 7, 3, 5 }, { 7, 3, 5 } } },
		{ "errors>20%", 0, { { 8, 2, 5 }, { 8, 2, 5 }, { 8, 2, 5 }, { 8, 2, 5 } } },      /* on it */
		{ "errors>20%", 4, { { 7, 3, 5 }, { 0, -1, 0 }, { 7, 3, 5 }, { 7, 3, 5 } } },      /* a pause says nothing */
		{ "availability<80%", 3, { { 0, 3, 5 }, { 7, 3, 5 }, { 7, 3, 5 } } },
		{ "p99>50ms", 3, { { 5, 0, 60 }, { 5, 0, 60 }, { 5, 0, 60 } } },
		{ "p99>50ms", 0, { { 5, 0, 40 }, { 5, 0, 60 }, { 5, 0, 60 } } },
		{ "mean>50ms", 3, { { 5, 0, 60 }, { 5, 0, 60 }, { 5, 0, 60 } } },
		{ "/a: p50>50ms", 3, { { 5, 0, 60 }, { 5, 0, 60 }, { 5, 0, 60 } } },
		{ "/a: errors>20%", 0, { { 5, 9, 5 }, { 5, 9, 5 }, { 5, 9, 5 } } },
		{ "/b: errors>20%", 3, { { 5, 9, 5 }, { 5, 9, 5 }, { 5, 9, 5 } } },
		{ "rate<10/s", 5, { { 12, 0, 5 }, { 9, 0, 5 }, { 0, -1, 0 }, { 0, 9, 5 }, { 9, 0, 5 } } },
		{ "rate<10/s", 0, { { 9, 0, 5 }, { 9, 0, 5 }, { 0, -1, 0 }, { 0, -1, 0 } } },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int n = 0;
		while (n < 6 && (rows[i].seconds[n].answered || rows[i].seconds[n].failed))
			n++;
		int at = stops_at(rows[i].condition, rows[i].seconds, n);
		if (at != rows[i].wanted)
			fail_msg("row %zu, %s: stops at %d, wanted %d", i, rows[i].condition, at, rows[i].wanted);
	}
}

static void
a_route_that_is_not_loaded_is_refused(void **state)
{
	struct spec *spec = spec_new();
	struct safety s;
	struct err e = { 0 };

	assert_int_equal(spec_stop_if(spec, "/c: errors>20%", &e), 0);
	assert_true(safety_begin(&s, spec, &program, &e) < 0);
	assert_int_equal(e.status, STATUS_USAGE);
	assert_non_null(strstr(e.text, "/c"));
	spec_free(spec);
}

/* ---- the host ---- */

static void
a_host_that_runs_out_is_seen(void **state)
{
	const int64_t mib = 1 << 20, gib = 1 << 30;
	const struct { struct guard_room room; const char *says; } rows[] = {
		{ { 2 * gib, 8 * gib, 2 * gib }, NULL },
		{ { 100 * mib, 8 * gib, 2 * gib }, "memory" },        /* 2 % of 8 GiB are 164 MiB */
		{ { 100 * mib, gib, 2 * gib }, NULL },
		{ { 63 * mib, gib, 2 * gib }, "memory" },
		{ { 2 * gib, 8 * gib, 63 * mib }, "file system" },
		{ { 2 * gib, 8 * gib, 0 }, "file system" },
		{ { -1, -1, -1 }, NULL }, { { -1, -1, 0 }, "file system" }, { { 0, -1, -1 }, "memory" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char why[128] = "";
		bool is_short = guard_is_short(&rows[i].room, why, sizeof(why));
		assert_int_equal(is_short, rows[i].says != NULL);
		if (is_short && !strstr(why, rows[i].says))
			fail_msg("row %zu: '%s'", i, why);
	}
}

static void
what_is_left_is_read(void **state)
{
	static const struct { const char *meminfo; int64_t memory, total; } rows[] = {
		{ "MemTotal:        2048 kB\nMemFree:  1 kB\nMemAvailable:    512 kB\n", 512 << 10, 2048 << 10 },
		{ "MemTotal:        2048 kB\n", -1, 2048 << 10 },
		{ "", -1, -1 }, { "MemAvailable: lots\n", -1, -1 }, { "MemAvailable: -5 kB\n", -1, -1 },
		{ "NoMemAvailable: 5 kB\n", -1, -1 }, { "MemAvailable: 99999999999999999999 kB\n", -1, -1 },
	};
	char path[] = "/tmp/prony-meminfo-XXXXXX";
	struct err e = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(file_write(path, rows[i].meminfo, strlen(rows[i].meminfo), &e), 0);
		struct guard_room room = guard_look(path, NULL);
		assert_int_equal(room.memory, rows[i].memory);
		assert_int_equal(room.memory_total, rows[i].total);
		assert_int_equal(room.disk, -1);
	}
	unlink(path);
	struct guard_room room = guard_look(path, "/");
	assert_int_equal(room.memory, -1);
	assert_true(room.disk >= 0);
}

RUN_TESTS(
	cmocka_unit_test(harm_that_lasts_stops),
	cmocka_unit_test(a_route_that_is_not_loaded_is_refused),
	cmocka_unit_test(a_host_that_runs_out_is_seen),
	cmocka_unit_test(what_is_left_is_read),
)
