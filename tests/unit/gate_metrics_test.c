/* SPDX-License-Identifier: MIT */
#include "gate/admin/metrics.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "with_arena.h"

static const char config_text[] =
    "listen: :1\n"
    "upstreams: { a: { servers: ['h:1', 'h:2'] }, 'b\"\\': { servers: ['h:3'] } }\n"
    "routes:\n"
    "- { match: /api, host: x.org, upstream: a }\n"
    "- { match: /, upstream: a }\n";

static const struct gate_config *config;

static int
set_up(void **state)
{
	struct err e = { 0 };
	struct gate_config *c;

	arena_begin(state);
	if (gate_config_parse(config_text, strlen(config_text), "x", arena, &c, &e) < 0)
		fail_msg("%s", e.text);
	config = c;
	return 0;
}

static int
tear_down(void **state)
{
	return arena_end(state);
}

static void
has_line(const struct buf *text, const char *line)
{
	const char *at = strstr(buf_text(text), line);

	if (!at || (at != text->data && at[-1] != '\n') || at[strlen(line)] != '\n')
		fail_msg("no line '%s' in\n%s", line, buf_text(text));
}

static void
lacks(const struct buf *text, const char *part)
{
	if (strstr(buf_text(text), part))
		fail_msg("'%s' in\n%s", part, buf_text(text));
}

static void
workers_are_summed(void **state)
{
	struct metrics *m[] = { metrics_new(config), metrics_new(config), metrics_new(config) };
	const struct gate_route *api = &config->routes[0], *root = &config->routes[1];
	CLEANUP(buf_done) struct buf out = { 0 };

	metrics_add(m[0], METRIC_REQUESTS, series_code(m[0], api, 200), 1);
	metrics_add(m[1], METRIC_REQUESTS, series_code(m[1], api, 204), 2);
	metrics_add(m[1], METRIC_REQUESTS, series_code(m[1], root, 503), 1);
	metrics_add(m[1], METRIC_REQUESTS, series_code(m[1], NULL, 404), 7);
	metrics_add(m[0], METRIC_CACHE, series_cache(m[0], root, CACHE_DID_STALE), 4);
	metrics_add(m[0], METRIC_CLIENTS, 0, 5);
	metrics_add(m[1], METRIC_CLIENTS, 0, -2);
	metrics_add(m[0], METRIC_UPSTREAM, series_outcome(m[0], 0, 1, true), 3);
	metrics_add(m[1], METRIC_UPSTREAM, series_outcome(m[1], 1, 0, false), 1);
	metrics_add(m[1], METRIC_REFUSED, REFUSED_QUEUE, 9);
	metrics_set(m[2], METRIC_CACHE_LIMIT, 0, 1000);
	metrics_set(m[2], METRIC_CACHE_LIMIT, 0, INT64_C(1) << 40);
	metrics_add(m[0], METRIC_PLAIN, CODING_BR, 100);
	metrics_write(m, 3, &out);
	has_line(&out, "# TYPE prony_gate_requests_total counter");
	has_line(&out, "prony_gate_requests_total{route=\"x.org/api\",code=\"2xx\"} 3");
	has_line(&out, "prony_gate_requests_total{route=\"/\",code=\"5xx\"} 1");
	has_line(&out, "prony_gate_requests_total{route=\"none\",code=\"4xx\"} 7");
	has_line(&out, "prony_gate_cache_requests_total{route=\"/\",result=\"stale\"} 4");
	has_line(&out, "prony_gate_client_connections 3");
	has_line(&out, "prony_gate_upstream_requests_total{upstream=\"a\",server=\"h:2\",outcome=\"good\"} 3");
	has_line(&out, "prony_gate_upstream_requests_total{upstream=\"a\",server=\"h:1\",outcome=\"good\"} 0");
	has_line(&out, "prony_gate_upstream_requests_total{upstream=\"b\\\"\\\\\",server=\"h:3\",outcome=\"bad\"} 1");
	has_line(&out, "prony_gate_refused_requests_total{reason=\"queue\"} 9");
	has_line(&out, "prony_gate_cache_limit_bytes 1099511627776");
	has_line(&out, "prony_gate_compression_input_bytes_total{coding=\"br\"} 100");
	lacks(&out, "route=\"x.org/api\",code=\"4xx\"");   /* of routes only what has happened */
	for (int i = 0; i < 3; i++)
		metrics_free(m[i]);
	metrics_free(NULL);
}

static void
durations_fall_into_buckets(void **state)
{
	struct metrics *m = metrics_new(config);
	CLEANUP(buf_done) struct buf out = { 0 };
	size_t api = series_route(m, &config->routes[0]);

	metrics_observe(m, METRIC_DURATION, api, 0);
	metrics_observe(m, METRIC_DURATION, api, 100 * NS_PER_US);       /* at most 0.0001 s */
	metrics_observe(m, METRIC_DURATION, api, 100 * NS_PER_US + 1);
	metrics_observe(m, METRIC_DURATION, api, 3 * NS_PER_S);
	metrics_observe(m, METRIC_DURATION, api, 3600 * NS_PER_S);
	metrics_observe(m, METRIC_DURATION, api, -5);
	metrics_write(&m, 1, &out);
#define BUCKET(le) "prony_gate_request_duration_seconds_bucket{route=\"x.org/api\",le=\"" le "\"} "
	has_line(&out, "# TYPE prony_gate_request_duration_seconds histogram");
	has_line(&out, BUCKET("0.0001") "3");
	has_line(&out, BUCKET("0.00025") "4");
	has_line(&out, BUCKET("2.5") "4");
	has_line(&out, BUCKET("5") "5");
	has_line(&out, BUCKET("10") "5");
	has_line(&out, BUCKET("+Inf") "6");
	has_line(&out, "prony_gate_request_duration_seconds_count{route=\"x.org/api\"} 6");
	has_line(&out, "prony_gate_request_duration_seconds_sum{route=\"x.org/api\"} 3603.0002");
	lacks(&out, "prony_gate_request_duration_seconds_count{route=\"none\"}");
	has_line(&out, "prony_gate_upstream_response_duration_seconds_count{upstream=\"a\"} 0");
	metrics_free(m);
}

/* Each metric has a name of its own, a unit at its end and a sentence. */
static void
names_are_as_prometheus_wants_them(void **state)
{
	struct metrics *m = metrics_new(config);
	CLEANUP(buf_done) struct buf out = { 0 };
	int n = 0;

	metrics_write(&m, 1, &out);
	for (const char *p = out.data; (p = strstr(p, "# HELP ")); n++) {
		char name[128], type[32];
		const char *line = p + strcspn(p, "\n");
		assert_int_equal(sscanf(p, "# HELP %127s", name), 1);
		assert_int_equal(line[-1], '.');
		assert_int_equal(sscanf(line, "\n# TYPE %*s %31s", type), 1);
		bool total = strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0;
		assert_int_equal(total, strcmp(type, "counter") == 0);
		assert_null(strstr(line, arena_printf(arena, "# HELP %s ", name)));
		p = line;
	}
	assert_int_equal(n, METRICS);
	metrics_free(m);
}

#define WITH_CONFIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* Routes that changed their places keep their figures; one that is gone takes its own along. */
static void
counters_go_on_over_a_new_configuration(void **state)
{
	static const char other_text[] =
	    "listen: :1\n"
	    "upstreams: { a: { servers: ['h:2'] } }\n"
	    "routes:\n"
	    "- { match: /new, upstream: a }\n"
	    "- { match: /api, host: x.org, upstream: a }\n"
	    "- { match: /, upstream: a }\n";
	struct gate_config *other;
	struct err e = { 0 };
	CLEANUP(buf_done) struct buf out = { 0 };

	assert_int_equal(gate_config_parse(other_text, strlen(other_text), "y", arena, &other, &e), 0);
	struct metrics *old[] = { metrics_new(config), metrics_new(config) }, *new = metrics_new(other);
	for (int i = 0; i < 2; i++) {
		metrics_add(old[i], METRIC_REQUESTS, series_code(old[i], &config->routes[0], 200), 3);
		metrics_add(old[i], METRIC_UPSTREAM, series_outcome(old[i], 0, 1, true), 5);
		metrics_add(old[i], METRIC_UPSTREAM, series_outcome(old[i], 1, 0, true), 7);
		metrics_add(old[i], METRIC_CLIENTS, 0, 1);
		metrics_set(old[i], METRIC_CACHE_EVICTED, 0, 9);
		metrics_observe(old[i], METRIC_DURATION, series_route(old[i], &config->routes[1]), NS_PER_MS);
	}
	metrics_add(new, METRIC_REQUESTS, series_code(new, &other->routes[1], 200), 1);
	metrics_carry(old, 2, new, false);
	metrics_write(&new, 1, &out);
	has_line(&out, "prony_gate_requests_total{route=\"x.org/api\",code=\"2xx\"} 7");
	has_line(&out, "prony_gate_upstream_requests_total{upstream=\"a\",server=\"h:2\",outcome=\"good\"} 10");
	has_line(&out, "prony_gate_request_duration_seconds_count{route=\"/\"} 2");
	has_line(&out, "prony_gate_request_duration_seconds_sum{route=\"/\"} 0.002");
	has_line(&out, "prony_gate_client_connections 0");
	has_line(&out, "prony_gate_cache_evicted_objects_total 0");
	lacks(&out, "h:3");
	metrics_carry(old, 2, new, true);
	buf_clear(&out);
	metrics_write(&new, 1, &out);
	has_line(&out, "prony_gate_client_connections 2");
	metrics_free(old[0]);
	metrics_free(old[1]);
	metrics_free(new);
}

RUN_TESTS(
    WITH_CONFIG(counters_go_on_over_a_new_configuration),
    WITH_CONFIG(workers_are_summed),
    WITH_CONFIG(durations_fall_into_buckets),
    WITH_CONFIG(names_are_as_prometheus_wants_them))
