/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "observe/behind.h"
#include "observe/collect.h"
#include "observe/runtime.h"
#include "observe/peers.h"
#include "observe/series.h"

static void
tick(struct sink *k, int series, double t, double value)
{
	k->t_s = t;
	sink_put(k, series, value);
	sink_tick(k);
}

static void
points_stay_bounded_and_even(void **state)
{
	struct sink k = { 0 };
	struct run *r = run_new();
	int s = sink_series(&k, "ramp", "count", "host");

	for (int i = 0; i < 10000; i++)
		tick(&k, s, i * 0.25, i);
	sink_write(&k, r);
	assert_int_equal(r->evidence.n_series, 1);
	const struct run_series *out = &r->evidence.series[0];
	assert_in_range(out->n_points, SERIES_POINTS / 2, SERIES_POINTS);
	/* Even: the ramp stays a straight line through all that was put. */
	double step = out->points[1] - out->points[0];
	for (size_t i = 1; i < out->n_points; i++)
		CHECK_NEAR(out->points[i] - out->points[i - 1], step, 1e-6);
	CHECK_NEAR(out->points[0], (step - 1) / 2, 1e-6);
	CHECK_NEAR(out->slope_per_s, 4, 1e-6);
	sink_done(&k);
	run_free(r);
}

static void
figures_count_only_the_window(void **state)
{
	struct sink k = { 0 };
	struct run *r = run_new();
	int s = sink_series(&k, "x", "count", "host");

	tick(&k, s, 0, 1000);
	sink_window(&k);
	tick(&k, s, 1, 2);
	tick(&k, s, 2, (double)NAN);
	tick(&k, s, 3, 4);
	k.in_window = false;
	tick(&k, s, 4, -1000);
	CHECK_NEAR(sink_mean(&k, "x"), 3, 1e-9);
	assert_true(isnan(sink_mean(&k, "y")));
	sink_write(&k, r);
	CHECK_NEAR(r->evidence.series[0].min, 2, 0);
	CHECK_NEAR(r->evidence.series[0].max, 4, 0);
	assert_int_equal(r->evidence.series[0].n_points, 5);
	CHECK_NEAR(r->evidence.series[0].points[2], 2, 0);
	sink_done(&k);
	run_free(r);
}

static void
silent_series_are_left_out(void **state)
{
	struct sink k = { .no_service = true };
	struct run *r = run_new();

	assert_int_equal(sink_series(&k, "of_service", "count", "service"), -1);
	sink_put(&k, -1, 7);
	int s = sink_series(&k, "silent", "count", "host");
	tick(&k, s, 0, (double)NAN);
	sink_write(&k, r);
	assert_int_equal(r->evidence.n_series, 0);
	sink_done(&k);
	run_free(r);
}

static void
rates(void **state)
{
	struct rate r = { 0 };
	assert_true(isnan(rate_step(&r, 100, 1000000000)));
	CHECK_NEAR(rate_step(&r, 110, 3000000000), 5, 1e-9);
	CHECK_NEAR(rate_step(&r, 10, 4000000000), 0, 0);
	CHECK_NEAR(rate_step(&r, 11, 5000000000), 1, 1e-9);
}

static void
collectors_are_in_order(void **state)
{
	for (size_t i = 1; i < n_collectors; i++)
		assert_true(strcmp(collectors[i - 1]->name, collectors[i]->name) < 0);
}

static void
runtimes(void **state)
{
	static const struct { const char *exe, *maps, *runtime; } rows[] = {
		{ "/usr/bin/node", "", "node" }, { "/usr/bin/python3.11", NULL, "python" },
		{ "/opt/app", "7f00 /usr/lib/libpython3.11.so.1.0\n", "python" },
		{ "/usr/lib/jvm/bin/java", "", "java" }, { "/usr/sbin/php-fpm8.2", "", "php" },
		{ "/usr/sbin/nginx (deleted)", "", "nginx" }, { "/usr/sbin/apache2", "", "apache" },
		{ "/usr/lib/erlang/erts/bin/beam.smp", "", "beam" },
		{ "/opt/shop", "/x/libcoreclr.so", "dotnet" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(runtime_name(rows[i].exe, rows[i].maps), rows[i].runtime);
	assert_null(runtime_name("/opt/nodecache", ""));
	assert_null(runtime_name("", NULL));
}

static void
proxies(void **state)
{
	assert_true(behind_is_front("nginx") && behind_is_front("apache2") && behind_is_front("haproxy"));
	assert_false(behind_is_front("gunicorn") || behind_is_front("nginx-exporter") || behind_is_front(""));
}

static void
frameworks(void **state)
{
#define FRAMEWORK_OF(runtime, command) \
	framework_name(runtime, command, sizeof(command), "/nonexistent", NULL)
	assert_string_equal(FRAMEWORK_OF("python", "/usr/bin/python3\0/usr/bin/gunicorn\0-w\0002"),
	    "gunicorn");
	assert_string_equal(FRAMEWORK_OF("python", "gunicorn: worker [app]"), "gunicorn");
	assert_string_equal(FRAMEWORK_OF("python", "python3\0-m\0flask\0run"), "flask");
	assert_string_equal(FRAMEWORK_OF("python", "python3\0manage.py\0runserver"), "django");
	assert_string_equal(FRAMEWORK_OF("java", "java\0-cp\0org.springframework.boot.loader.JarLauncher"),
	    "spring");
	assert_null(FRAMEWORK_OF("python", "python3\0/home/x/flask-shop/app.py"));
	assert_null(FRAMEWORK_OF("native", "flask"));
	assert_null(framework_name("python", "", 0, "/nonexistent", NULL));
	static const char app[] = "python3\0app.py", titled[] = "gunicorn: worker [app]";
	static const char maps[] = "7f00-7f01 r-xp 00000000 fe:00 7 /usr/lib/python3/dist-packages/aiohttp/_http_parser.so\n";
	assert_string_equal(framework_name("python", app, sizeof(app), "/nonexistent", maps), "aiohttp");
	assert_string_equal(framework_name("python", titled, sizeof(titled), "/nonexistent", maps), "gunicorn");
	assert_null(framework_name("node", app, sizeof(app), "/nonexistent", maps));
}

static void
peers(void **state)
{
	assert_string_equal(peer_kind(NULL, 5432), "postgresql");
	assert_string_equal(peer_kind("redis-server", 7001), "redis");
	assert_string_equal(peer_kind("nginx", 5432), "http");
	assert_string_equal(peer_kind("/x", 4567), "tcp");
	assert_string_equal(peer_kind("", 0), "tcp");
	assert_string_equal(peer_kind_unix("/run/postgresql/.s.PGSQL.5432"), "postgresql");
	assert_null(peer_kind_unix("/run/dbus/system_bus_socket"));
}

RUN_TESTS(cmocka_unit_test(points_stay_bounded_and_even),
    cmocka_unit_test(figures_count_only_the_window),
    cmocka_unit_test(silent_series_are_left_out), cmocka_unit_test(rates),
    cmocka_unit_test(collectors_are_in_order), cmocka_unit_test(runtimes), cmocka_unit_test(proxies),
    cmocka_unit_test(frameworks),
    cmocka_unit_test(peers))
