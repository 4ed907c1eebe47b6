/* SPDX-License-Identifier: MIT */
#include "gate/config/config.h"

#include "base/clock.h"
#include "gate/example.h"
#include "gate_smallest.h"
#include "with_arena.h"

static const struct gate_config *
parse(const char *text)
{
	struct err e = { 0 };
	struct gate_config *c = NULL;

	if (gate_config_parse(text, strlen(text), "gate.yaml", arena, &c, &e) < 0)
		fail_msg("%s (%s)\n%s", e.text, e.hint, text);
	return c;
}

/* ---- what is read ---- */

static void
the_smallest_file_is_enough(void **state)
{
	const struct gate_config *c = parse(SMALLEST);

	assert_int_equal(c->n_listens, 1);
	assert_string_equal(c->listens[0].address.host, "127.0.0.1");
	assert_int_equal(c->listens[0].address.port, 8081);
	assert_int_equal(c->cache.l2.n_servers, 0);
	assert_int_equal(c->cache.ttl_ns, 0);
	assert_int_equal(c->n_upstreams, 1);
	assert_string_equal(c->upstreams[0].name, "origin");
	assert_int_equal(c->upstreams[0].n_servers, 1);
	assert_string_equal(c->upstreams[0].servers[0].address.text, "127.0.0.1:8080");
	CHECK_NEAR(c->upstreams[0].servers[0].weight, 1, 0);
	assert_int_equal(c->upstreams[0].balance, GATE_BALANCE_P2C);
	assert_int_equal(c->n_routes, 1);
	assert_string_equal(c->routes[0].match, "/");
	assert_int_equal(c->routes[0].upstream, 0);
	assert_true(c->routes[0].cache.enabled);
	assert_int_equal(c->routes[0].cache.ttl_ns, 0);
	assert_false(c->routes[0].compress.enabled);
	assert_true(c->routes[0].compress.recompress);
	assert_int_equal(c->routes[0].compress.min_bytes, 1024);
	assert_int_equal(c->cache.memory_bytes, 256 << 20);
}

/* Every key with a value that is not its preset. */
static const char every_key[] =
	    "listen: [\":80\", \"[::1]:0\", { address: \":443\", tls: { certificate: a.pem, key: a.key } },\n"
	    "  { address: \":444\", tls: [ { certificate: b.pem }, { certificate: c.pem, key: c.key } ] }]\n"
	    "workers: 3\n"
	    "engine: epoll\n"
	    "admin: /run/gate.sock\n"
	    "metrics: localhost:9100\n"
	    "access_log: { path: '-', format: json }\n"
	    "limits: { head: 8KiB, body: 1MiB, connections: 500 }\n"
	    "timeouts: { idle: 1m, head: 2s, body: 3s, send: 4s }\n"
	    "cache: { memory: 1GiB, max_object: 64KiB, ttl: 7s, l2: { servers: ['a:1', '[::1]:2'], replicas: true,\n"
	    "  database: 3, user: u, password_env: P, prefix: shop, ttl: 10m, timeout: 5ms, max_object: 2MiB,\n"
	    "  tls: { ca: c.pem, certificate: a.pem, key: a.key, server_name: redis.test }, skip_when_slower: false } }\n"
	    "routes:\n"
	    "  - match: /api/\n"
	    "    host: '*.Example.org'\n"
	    "    upstream: two\n"
	    "    timeout: 5s\n"
	    "    cache: { enabled: true, ttl: 60s, stale_while_revalidate: 10s, stale_if_error: 1h,\n"
	    "             vary: [Accept-Language, X], ignore_query: [utm_*, fbclid], set_cookie: keep }\n"
	    "    compress: { enabled: true, min_size: 2KiB, types: [Text/*, application/json],\n"
	    "      recompress: false }\n"
	    "    rate_limit: { rate: 10/s, burst: 20, by: route }\n"
	    "  - { match: /, upstream: one }\n"
	    "upstreams:\n"
	    "  one: { servers: [a:1, { address: 'b:2', weight: 2.5 }], balance: hash, hash: header:X-User }\n"
	    "  two:\n"
	    "    servers: [c:3]\n"
	    "    balance: least-connections\n"
	    "    pool: { min: 2, max: 4, idle: 6s }\n"
	    "    timeouts: { connect: 100ms, response: 7s, body: 8s }\n"
	    "    health: { path: /up, interval: 9s, timeout: 500ms, rise: 1, fall: 2, panic: 30% }\n"
	    "    retries: { attempts: 0, budget: 20% }\n"
	    "    hedge: { quantile: 90%, min: 3ms }\n"
	    "    ejection: { errors: 7, time: 11s, share: 25% }\n"
	    "    breaker: { errors: 0, ratio: 0.9, requests: 5, window: 12s, open: 13s, trials: 1 }\n"
	    "    concurrency: { adaptive: false, max: 6, queue: 0, queue_target: 5ms, queue_timeout: 1s }\n";

static void
every_key_of_the_gate_is_read(void **state)
{
	const struct gate_config *c = parse(every_key);

	assert_int_equal(c->n_listens, 4);
	assert_string_equal(c->listens[0].address.host, "");
	assert_string_equal(c->listens[1].address.host, "::1");
	assert_int_equal(c->listens[1].address.port, 0);
	assert_int_equal(c->listens[1].n_certificates, 0);
	assert_int_equal(c->listens[2].address.port, 443);
	assert_int_equal(c->listens[2].n_certificates, 1);
	assert_string_equal(c->listens[2].certificates[0].file, "a.pem");
	assert_string_equal(c->listens[2].certificates[0].key_file, "a.key");
	assert_int_equal(c->listens[2].certificates[0].key_place.line, 1);
	assert_int_equal(c->listens[3].n_certificates, 2);
	assert_null(c->listens[3].certificates[0].key_file);
	assert_int_equal(c->listens[3].certificates[1].place.line, 2);
	assert_int_equal(c->workers, 3);
	assert_string_equal(c->engine, "epoll");
	assert_string_equal(c->admin, "/run/gate.sock");
	assert_int_equal(c->metrics.port, 9100);
	assert_string_equal(c->access_log.path, "-");
	assert_int_equal(c->access_log.format, GATE_LOG_JSON);
	assert_int_equal(c->limits.head_bytes, 8 << 10);
	assert_int_equal(c->limits.body_bytes, 1 << 20);
	assert_int_equal(c->limits.connections, 500);
	assert_int_equal(c->timeouts.idle_ns, 60 * NS_PER_S);
	assert_int_equal(c->timeouts.send_ns, 4 * NS_PER_S);
	assert_int_equal(c->cache.memory_bytes, 1 << 30);
	assert_int_equal(c->cache.object_bytes, 64 << 10);
	assert_int_equal(c->cache.ttl_ns, 7 * NS_PER_S);
}

static void
every_key_of_the_second_level_is_read(void **state)
{
	const struct gate_l2 *l2 = &parse(every_key)->cache.l2;

	assert_int_equal(l2->n_servers, 2);
	assert_string_equal(l2->servers[1].host, "::1");
	assert_true(l2->replicas && !l2->cluster && !l2->skip_when_slower);
	assert_int_equal(l2->database, 3);
	assert_string_equal(l2->user, "u");
	assert_string_equal(l2->password_env, "P");
	assert_null(l2->password_file);
	assert_true(l2->tls.on && l2->tls.verify);
	assert_string_equal(l2->tls.ca_file, "c.pem");
	assert_string_equal(l2->tls.certificate_file, "a.pem");
	assert_string_equal(l2->tls.key_file, "a.key");
	assert_string_equal(l2->tls.server_name, "redis.test");
	assert_string_equal(l2->prefix, "shop");
	assert_int_equal(l2->ttl_ns, 600 * NS_PER_S);
	assert_int_equal(l2->timeout_ns, 5 * NS_PER_MS);
	assert_int_equal(l2->value_bytes, 2 << 20);
}

static void
every_key_of_a_route_is_read(void **state)
{
	const struct gate_config *c = parse(every_key);
	const struct gate_route *r = &c->routes[0];

	assert_string_equal(r->host, "*.example.org");
	assert_int_equal(r->upstream, 1);
	assert_int_equal(r->timeout_ns, 5 * NS_PER_S);
	assert_int_equal(r->cache.ttl_ns, 60 * NS_PER_S);
	assert_int_equal(r->cache.swr_ns, 10 * NS_PER_S);
	assert_int_equal(r->cache.sie_ns, 3600 * NS_PER_S);
	assert_int_equal(r->cache.n_vary, 2);
	assert_string_equal(r->cache.vary_text, "Accept-Language, X");
	assert_int_equal(r->cache.set_cookie, CACHE_COOKIES_KEEP);
	assert_int_equal(c->routes[1].cache.set_cookie, CACHE_COOKIES_REFUSE);
	assert_int_equal(r->cache.n_ignore_query, 2);
	assert_string_equal(r->cache.ignore_query[0], "utm_*");
	assert_int_equal(r->compress.n_types, 2);
	assert_false(r->compress.recompress);
	assert_string_equal(r->compress.types[0], "text/*");
	CHECK_NEAR(r->rate_limit.per_s, 10, 0);
	assert_int_equal(r->rate_limit.by, GATE_RATE_ROUTE);
}

static void
every_key_of_an_upstream_is_read(void **state)
{
	const struct gate_config *c = parse(every_key);
	const struct gate_upstream *one = &c->upstreams[0], *two = &c->upstreams[1];

	CHECK_NEAR(one->servers[1].weight, 2.5, 0);
	assert_int_equal(one->hash_by, GATE_HASH_HEADER);
	assert_string_equal(one->hash_header, "X-User");
	assert_int_equal(two->pool.min, 2);
	assert_int_equal(two->timeouts.connect_ns, 100 * NS_PER_MS);
	assert_string_equal(two->health.path, "/up");
	CHECK_NEAR(two->health.panic, 0.3, 1e-9);
	CHECK_NEAR(two->hedge.quantile, 0.9, 1e-9);
	assert_int_equal(two->hedge.min_ns, 3 * NS_PER_MS);
	CHECK_NEAR(two->retries.budget, 0.2, 1e-12);
	assert_int_equal(two->ejection.errors, 7);
	assert_int_equal(two->breaker.trials, 1);
	assert_int_equal(two->concurrency.max, 6);
	assert_int_equal(two->concurrency.min, 6);
}

#define SAME(a, b) assert_memory_equal(&(a), &(b), sizeof(a))

/* What the example says is what is in force without it. */
static void
the_example_shows_the_presets(void **state)
{
	const struct gate_config *smallest = parse(SMALLEST), *c = parse(gate_example);
	const struct gate_upstream *u = &c->upstreams[0], *preset = &smallest->upstreams[0];

	SAME(c->limits, smallest->limits);
	SAME(c->timeouts, smallest->timeouts);
	SAME(c->cache, smallest->cache);
	SAME(u->balance, preset->balance);
	SAME(u->pool, preset->pool);
	SAME(u->timeouts, preset->timeouts);
	SAME(u->retries, preset->retries);
	SAME(u->ejection, preset->ejection);
	SAME(u->breaker, preset->breaker);
	SAME(u->concurrency, preset->concurrency);
	SAME(c->routes[0].cache, smallest->routes[0].cache);
	SAME(c->routes[0].compress, smallest->routes[0].compress);
}

/* With what stands behind '#' it is a file as well; health's times are the presets too. */
static void
the_rest_of_the_example_is_right_too(void **state)
{
	char *text = arena_strdup(arena, gate_example), *to = text;
	int n = 0;

	for (const char *p = text; *p; p++) {
		if (*p != '#' || p[1] == ' ')
			*to++ = *p;
		else
			n++;
	}
	*to = '\0';
	assert_true(n > 10);
	/* a hash is of no use without its balance; the end of the line goes, a comment follows */
	char *p2c = strstr(text, "p2c\n    #");
	assert_non_null(p2c);
	memcpy(p2c, "hash", 4);
	const struct gate_config *c = parse(text), *smallest = parse(SMALLEST);
	assert_string_equal(c->upstreams[0].hash_header, "X-Session");
	assert_string_equal(c->upstreams[0].health.path, "/health");
	assert_int_equal(c->upstreams[0].health.interval_ns, smallest->upstreams[0].health.interval_ns);
	assert_int_equal(c->upstreams[0].health.fall, smallest->upstreams[0].health.fall);
	CHECK_NEAR(c->routes[0].rate_limit.burst, 200, 0);
	const struct gate_batch *batch = c->routes[0].batch;
	assert_int_equal(batch->size, 100);
	assert_int_equal(batch->wait_ns, 10 * NS_PER_MS);
	assert_int_equal(batch->answer_bytes, 8 << 20);
	assert_int_equal(batch->by, GATE_BATCH_BY_KEY);
	assert_true(!batch->numbers && !batch->items.n_parts && !batch->value.n_parts && batch->n_fields == 1);
	assert_int_equal(c->listens[1].n_certificates, 2);
	const struct gate_warming *w = &c->warming;
	assert_true(w->cascade && !w->utc && !w->postgres.create_slot);
	CHECK_NEAR(w->rate_per_s, smallest->warming.rate_per_s, 0);
	CHECK_NEAR(w->beta, smallest->warming.beta, 0);
	assert_int_equal(w->concurrency, smallest->warming.concurrency);
	assert_int_equal(w->popular, smallest->warming.popular);
	assert_int_equal(w->n_rules, 1);
	assert_string_equal(w->redis.stream, "updates");
	assert_true(w->redis.tls.on && w->redis.tls.verify && strcmp(w->redis.tls.ca_file, "redis-ca.pem") == 0);
	assert_string_equal(w->postgres.tables[0].schema, "public");
	assert_string_equal(w->postgres.tables[0].purge[1], "tag:product:{id}");
}

/* The YAML of guides about multi-level caches. */
static void
strategies_of_warming_are_read(void **state)
{
	const struct gate_config *c = parse(SMALLEST
	    "cache_warming:\n"
	    "  strategies:\n"
	    "    predictive:\n"
	    "      - analyze_access_patterns\n"
	    "      - preload_popular_items\n"
	    "      - schedule: \"0 5 * * *\"  # 5 AM daily\n"
	    "      \n"
	    "    lazy_loading:\n"
	    "      - load_on_first_access\n"
	    "      - background_refresh\n"
	    "      - ttl_based_refresh\n"
	    "      \n"
	    "    event_driven:\n"
	    "      - invalidate_on_update\n"
	    "      - warm_related_items\n"
	    "      - cascade_updates\n");
	const struct gate_warming *w = &c->warming;

	assert_true(w->learn_popular && w->preload_popular);
	assert_string_equal(w->schedule, "0 5 * * *");
	assert_true(w->load_on_first_access && w->background_refresh && w->ttl_refresh);
	assert_true(w->invalidate_on_update && w->warm_related && w->cascade);
}

static void
a_second_level_limits_the_first(void **state)
{
	const struct gate_config *c = parse(SMALLEST "cache: { l2: { servers: ['127.0.0.1:6379'] } }\n");

	assert_int_equal(c->cache.ttl_ns, 300 * NS_PER_S);
	assert_int_equal(c->cache.l2.ttl_ns, 3600 * NS_PER_S);
	assert_string_equal(c->cache.l2.prefix, "prony");
	assert_true(c->cache.l2.skip_when_slower);
	assert_false(c->cache.l2.tls.on);
	c = parse(SMALLEST "cache: { l2: { servers: ['127.0.0.1:6379'], tls: true } }\n");
	assert_true(c->cache.l2.tls.on && c->cache.l2.tls.verify);
	assert_null(c->cache.l2.tls.ca_file);
}

/* ---- routes ---- */

static void
the_first_route_that_fits_takes_a_request(void **state)
{
	const struct gate_config *c = parse(
	    "listen: :1\nupstreams: { o: { servers: [a:1] } }\n"
	    "routes:\n"
	    "- { match: /api/v2, upstream: o }\n"
	    "- { match: /static/, upstream: o }\n"
	    "- { match: /, host: a.example.org, upstream: o }\n"
	    "- { match: /, host: '*.example.org', upstream: o }\n"
	    "- { match: /x, upstream: o }\n");
	static const struct { const char *host, *path; int route; } rows[] = {
		{ "any", "/api/v2", 0 }, { "any", "/api/v2/x", 0 }, { "any", "/api/v20", -1 },
		{ "any", "/static/a.css", 1 }, { "any", "/static", -1 }, { "any", "/static/", 1 },
		{ "A.Example.ORG", "/", 2 }, { "b.example.org", "/x", 3 }, { "b.c.example.org", "/", 3 },
		{ "example.org", "/", -1 }, { ".example.org", "/x", 4 }, { "example.org", "/x/y", 4 },
		{ "", "/x", 4 }, { "any", "", -1 }, { "any", "*", -1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text host = { rows[i].host, strlen(rows[i].host) };
		struct text path = { rows[i].path, strlen(rows[i].path) };
		const struct gate_route *r = gate_route_find(c, host, path);
		int route = r ? (int)(r - c->routes) : -1;
		if (route != rows[i].route)
			fail_msg("%s%s: route %d, wanted %d", rows[i].host, rows[i].path, route, rows[i].route);
	}
}

RUN_TESTS(
    WITH_ARENA(the_smallest_file_is_enough),
    WITH_ARENA(every_key_of_the_gate_is_read),
    WITH_ARENA(every_key_of_the_second_level_is_read),
    WITH_ARENA(every_key_of_a_route_is_read),
    WITH_ARENA(every_key_of_an_upstream_is_read),
    WITH_ARENA(the_example_shows_the_presets),
    WITH_ARENA(the_rest_of_the_example_is_right_too),
    WITH_ARENA(strategies_of_warming_are_read),
    WITH_ARENA(a_second_level_limits_the_first),
    WITH_ARENA(the_first_route_that_fits_takes_a_request))
