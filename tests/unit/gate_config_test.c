/* SPDX-License-Identifier: MIT */
#include "gate/config/config.h"

#include "base/clock.h"
#include "check.h"
#include "gate/example.h"

#define SMALLEST \
	"listen: 127.0.0.1:8081\n" \
	"upstreams:\n" \
	"  origin: { servers: [\"127.0.0.1:8080\"] }\n" \
	"routes:\n" \
	"  - match: /\n" \
	"    upstream: origin\n" \
	"    cache: { enabled: true }\n"

static struct arena *arena;

static int
set_up(void **state)
{
	arena = arena_new();
	return 0;
}

static int
tear_down(void **state)
{
	arena_free(arena);
	return 0;
}

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

static void
every_key_is_read(void **state)
{
	const struct gate_config *c = parse(
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
	    "    concurrency: { adaptive: false, max: 6, queue: 0, queue_target: 5ms, queue_timeout: 1s }\n");
	const struct gate_route *r = &c->routes[0];
	const struct gate_upstream *one = &c->upstreams[0], *two = &c->upstreams[1];

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
	const struct gate_l2 *l2 = &c->cache.l2;
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

/* ---- what is refused ---- */

#define WITH(line)  SMALLEST line "\n"
#define UPDATES(keys) \
	WITH("cache_warming: { strategies: { event_driven: [invalidate_on_update] }, " keys " }")
#define ROUTE(keys) "listen: :1\nupstreams: { o: { servers: [a:1] } }\nroutes:\n  - { match: /, upstream: o, " keys " }\n"
#define BATCH(keys) ROUTE("batch: { " keys " }")
#define SERVER(keys) "listen: :1\nroutes: [ { match: /, upstream: o } ]\nupstreams: { o: { " keys " } }\n"

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

static void
mistakes_are_explained_where_they_stand(void **state)
{
	static const struct { const char *text, *says, *hint; } rows[] = {
		{ "", "gate.yaml: empty", "" },
		{ "listen: [", "not YAML", "" },
		{ "upstreams: { o: { servers: [a:1] } }\nroutes: [ { match: /, upstream: o } ]\n",
		  "no address to listen on", "write listen: 127.0.0.1:8081" },
		{ "listen: :1\n", "no upstreams", "servers:" },
		{ "listen: :1\nupstreams: { o: { servers: [a:1] } }\n", "no routes", "upstream: o" },
		{ WITH("lisen: :1"), "gate.yaml:8:1: unknown key 'lisen' in the gate", "'listen'?" },
		{ WITH("workers: 0"), "gate.yaml:8:10: workers: '0' is not a number from 1 to 256", "" },
		{ WITH("engine: io-uring"), "engine: unknown 'io-uring'", "did you mean 'io_uring'?" },
		{ WITH("cache: { memory: 256 }\nmetrics: 9100"), "'9100' is not an address", "[::1]:8080" },
		{ WITH("cache: { memory: lots }"), "memory: 'lots' is not a size", "256MiB" },
		{ WITH("cache: { memory: 1MiB, max_object: 2MiB }"), "max_object is above memory", "" },
		{ WITH("cache: { l2: { cluster: true } }"), "gate.yaml:8:14: l2: which servers?", "servers:" },
		{ WITH("cache: { l2: { servers: [a] } }"), "'a' is not an address with a port", "" },
		{ WITH("cache: { l2: { servers: [a:1], password: x } }"), "8:42: password: passwords do not belong",
		  "password_file" },
		{ WITH("cache: { l2: { servers: [a:1], password_file: x, password_env: y } }"), "and password_env", "" },
		{ WITH("cache: { l2: { servers: [a:1], cluster: true, database: 1 } }"), "only number 0", "prefix" },
		{ WITH("cache: { l2: { servers: [a:1], prefix: 'a{b' } }"), "'a{b' is no beginning of a key", "" },
		{ WITH("cache: { l2: { servers: ['rediss://a:1'] } }"), "8:26: servers: 'rediss://a:1' is a URL",
		  "tls: true" },
		{ WITH("cache: { l2: { servers: [a:1], tls: maybe } }"), "8:37: tls: 'maybe'", "" },
		{ WITH("cache: { l2: { servers: [a:1], tls: { key: k } } }"), "8:44: tls: a key without its certificate", "gate.pem" },
		{ WITH("cache: { l2: { servers: [a:1], tls: { ca: c, verify: false } } }"), "8:54: tls: ca and verify: false",
		  "anybody" },
		{ WITH("cache: { l2: { servers: [a:1], tls: { cert: c } } }"), "8:39: unknown key 'cert'", "" },
		{ WITH("access_log: { format: json }"), "access_log: to which file?", "path:" },
		{ WITH("timeouts: { idle: 5 }"), "idle: '5' is not a duration", "500ms" },
		{ WITH("timeouts: { idle: 0s }"), "idle: must be longer than nothing", "" },
		{ "listen: http://a:80\n", "is not an address with a port", "leave out the scheme" },
		{ "listen: ::1:80\n", "is not an address with a port", "[::1]:8080" },
		{ "listen: { tls: { certificate: a, key: b } }\n", "gate.yaml:1:9: listen: at which address?", "tls:" },
		{ "listen: { address: a:1, tls: { key: b } }\n", "gate.yaml:1:30: tls: which certificate?", "site.pem" },
		{ "listen: { address: a:1, tls: [] }\n", "1 to 64 certificates", "" },
		{ "listen: { address: a:1, tls: { cert: a } }\n", "gate.yaml:1:32: unknown key 'cert'", "" },
		{ "listen: a:65536\n", "is not an address with a port", "" },
		{ "listen: '[]:80'\n", "is not an address with a port", "" },
		{ SERVER("servers: [':80']"), "':80' is not an address", "" },
		{ SERVER("servers: ['a:0']"), "'a:0' is not an address", "" },
		{ SERVER("servers: []"), "servers: a list of 1 to 256 is expected", "" },
		{ SERVER("balance: p2c"), "upstream 'o' has no servers", "servers:" },
		{ SERVER("servers: [a:1, a:1]"), "'a:1' is there twice", "weight: 2" },
		{ SERVER("servers: [{ weight: 2 }]"), "a server without an address", "address:" },
		{ SERVER("servers: [{ address: a:1, weight: 0 }]"), "weight: '0' is not a number above 0", "" },
		{ SERVER("servers: [a:1], balance: fair"), "balance: unknown 'fair'", "round-robin" },
		{ SERVER("servers: [a:1], hash: path"), "means nothing without balance: hash", "" },
		{ SERVER("servers: [a:1], balance: hash, hash: ip"), "hash: unknown 'ip'", "client" },
		{ SERVER("servers: [a:1], pool: { min: 9, max: 3 }"), "pool: min is above max (3)", "" },
		{ SERVER("servers: [a:1], health: { interval: 1s }"), "health: which path", "/health" },
		{ SERVER("servers: [a:1], hedge: { quantile: 20% }"), "hedge: a quantile from 50% to 99%", "quantile: 95%" },
		{ SERVER("servers: [a:1], health: { path: up }"), "path: 'up' is not a path", "" },
		{ SERVER("servers: [a:1], retries: { budget: 200% }"), "'200%' is not a share", "90%" },
		{ SERVER("servers: [a:1], concurrency: { min: 9, max: 3 }"), "min is above max (3)", "" },
		{ ROUTE("cach: { enabled: true }"), "unknown key 'cach' in a route", "'cache'?" },
		{ ROUTE("cache: true"), "cache: a single value where keys are expected", "" },
		{ ROUTE("cache: { enabled: yes }"), "'yes' is neither true nor false", "enabled: true" },
		{ ROUTE("cache: { vary: 'a b' }"), "vary: 'a b' is not a name", "" },
		{ ROUTE("cache: { vary: '*' }"), "vary: '*' is not the name of a field", "" },
		{ ROUTE("compress: { recompress: often }"), "'often' is neither true nor false", "recompress: true" },
		{ ROUTE("compress: { types: [json] }"), "types: 'json' is not a media type", "" },
		{ ROUTE("rate_limit: { burst: 5 }"), "rate_limit: no rate", "rate: 100/s" },
		{ BATCH("size: 5"), "gate.yaml:4:37: batch: of which requests?", "from: /products/{id}" },
		{ BATCH("from: /a"), "gate.yaml:4:45: from: '/a' has no {name}", "/products/{id}" },
		{ BATCH("from: '/{a}/{b}'"), "from: '/{a}/{b}' has more than one {name}", "" },
		{ BATCH("from: 'tag:{a}'"), "from: 'tag:{a}' is no path", "" },
		{ BATCH("from: '/{a}'"), "gate.yaml:4:37: batch: into which call?", "into: /products?ids={a}" },
		{ BATCH("from: '/{a}', into: /b"), "gate.yaml:4:59: into: '/b' has no place for the keys", "body:" },
		{ BATCH("from: '/{a}', into: '/b?{a},{a}'"), "has more than one place", "" },
		{ BATCH("from: '/{a}', into: '/b?{a}{c}'"), "has characters that no URL has", "" },
		{ BATCH("from: '/{a}', into: '/b c?{a}'"), "has characters that no URL has", "" },
		{ BATCH("from: '/{a}', into: 'b?{a}'"), "into: 'b?{a}' is no path", "" },
		{ BATCH("from: '/{a}', into: '/b?{a}', body: '[{a}]'"), "and body have both a place", "" },
		{ BATCH("from: '/{a}', into: '/b', body: '[1]'"), "body: '[1]' has no place for the keys", "" },
		{ BATCH("from: '/{a}', into: '/b', body: '[{a}'"), "gate.yaml:4:71: body: '[{a}' is not JSON", "ids" },
		{ BATCH("from: '/{a}', into: '/b', body: '[{a}] x'"), "is not JSON", "" },
		{ BATCH("from: '/{a}', into: '/b', body: '[{a}]', join: ';'"), "join: ';' is of no use beside body", "" },
		{ BATCH("from: '/{a}', into: '/b?{a}', join: ''"), "join: '' cannot stand between keys", "&id=" },
		{ BATCH("from: '/{a}', into: '/b?{a}'"), "batch: what tells whose an item is?", "by: order" },
		{ BATCH("from: '/{a}', into: '/b?{a}', by: id"), "by: unknown 'id'", "" },
		{ BATCH("from: '/{a}', into: '/b?{a}', by: /a~b"), "by: '~' in the JSON pointer", "~0" },
		{ BATCH("items: a"), "items: a JSON pointer begins with '/'", "write /a" },
		{ BATCH("size: 1001"), "size: '1001' is not a number from 1 to 1000", "" },
		{ BATCH("wait: 2s"), "wait: longer than 1s", "" },
		{ BATCH("max_answer: 1GiB"), "max_answer: not from 1KiB to 64MiB", "" },
		{ BATCH("keys: integer"), "keys: unknown 'integer'", "number" },
		{ BATCH("fields: [Accept, Host]"), "gate.yaml:4:56: fields: 'Host' is no field that a call can carry", "" },
		{ BATCH("fields: 'a b'"), "fields: 'a b' is no field", "Authorization" },
		{ BATCH("form: /a"), "unknown key 'form' in batch", "'from'?" },
		{ "listen: :1\nupstreams: { o: { servers: [a:1] } }\nroutes:\n- match: /api\n  upstream: o\n"
		  "  batch: { from: '/apis/{a}', into: '/b?{a}', by: order }\n",
		  "gate.yaml:6:18: from: its requests are not of this route, which takes /api", "from: /api/{id}" },
		{ ROUTE("host: 'a:80'"), "host: 'a:80' is not a host name", "without a port" },
		{ "listen: :1\nupstreams: { origin: { servers: [a:1] } }\nroutes: [ { match: /, upstream: orign } ]\n",
		  "gate.yaml:3:33: no upstream is called 'orign'", "did you mean 'origin'?" },
		{ "listen: :1\nupstreams: { o: { servers: [a:1] } }\nroutes: [ { upstream: o } ]\n",
		  "a route without match", "match: /" },
		{ "listen: :1\nupstreams: { o: { servers: [a:1] } }\nroutes: [ { match: / } ]\n",
		  "a route without upstream", "" },
		{ "listen: :1\nupstreams: { o: { servers: [a:1] } }\nroutes: [ { match: /*, upstream: o } ]\n",
		  "'/*' is not the beginning of a path", "without '*'" },
		{ "listen: :1\nupstreams: { o: { servers: [a:1] } }\nroutes:\n- { match: /, upstream: o }\n"
		  "- { match: /api, upstream: o }\n",
		  "gate.yaml:5:3: route '/api' is never reached: that of line 4", "move this one up" },
		{ WITH("cache_warming: { strategies: { predictive: [schedule] } }"),
		  "'schedule' takes a value", "0 5 * * *" },
		{ WITH("cache_warming: { strategies: { predictive: [{ schedule: '0 25 * * *' }] } }"),
		  "'25' is no hour", "five o'clock" },
		{ WITH("cache_warming: { strategies: { lazy_loading: [background_refesh] } }"),
		  "unknown key 'background_refesh'", "background_refresh" },
		{ WITH("cache_warming: { strategies: { lazy_loading: [{ background_refresh: 5s }] } }"),
		  "takes no value", "- background_refresh" },
		{ WITH("cache_warming: { strategies: { eager: [] } }"), "unknown key 'eager'", "" },
		{ WITH("cache_warming: { rate: 0/s }"), "rate: must be above nothing", "" },
		{ WITH("cache_warming: { timezone: cet }"), "timezone: unknown 'cet'", "utc" },
		{ WITH("cache_warming: { popular: 100000 }"), "not a number from 1 to 16384", "" },
		{ WITH("cache_warming: { hosts: ['http://a'] }"), "hosts: 'http://a' is not a host", "in Host" },
		{ WITH("cache_warming: { redis: { url: 'redis://a', stream: s } }"),
		  "gate.yaml:8:16: cache_warming: updates are told of, but not acted on", "invalidate_on_update" },
		{ UPDATES("redis: { url: 'redis://a', stream: s }"), "paths of what host?", "hosts:" },
		{ UPDATES("redis: { url: 'redis://:geheim@a/x', stream: s }"), "not a URL of Redis", "REDISCLI_AUTH" },
		{ UPDATES("redis: { url: 'redis://a' }"), "redis: which stream?", "updates" },
		{ UPDATES("postgres: { url: 'mysql://a' }"), "not a URL of PostgreSQL", ".pgpass" },
		{ UPDATES("postgres: { url: 'postgresql://a' }"), "postgres: neither channel nor slot", "slot:" },
		{ UPDATES("postgres: { url: 'postgresql://a', slot: s }"), "a slot without a publication", "" },
		{ UPDATES("postgres: { url: 'postgresql://a', channel: 'a-b' }"), "'a-b' is not of the letters", "" },
		{ UPDATES("postgres: { url: 'postgresql://a', slot: s, publication: p, tables: { t: ['/{}'] } }"),
		  "t: '/{}' has no name between its braces", "/products/{id}" },
		{ UPDATES("rules: [{ on: '/a', also: ['/b'] }]"), "rules without cascade_updates", "cascade_updates" },
		{ UPDATES("rules: [{ on: 'a/{x}', also: ['/b'] }]"), "'a/{x}' is neither a path", "" },
		{ UPDATES("rules: [{ on: '/{x}', also: ['/b/{y}'] }]"), "{y} of '/b/{y}' is not in '/{x}'", "" },
		{ UPDATES("rules: [{ on: '/{x}{y}', also: ['/b'] }]"), "two names without anything between", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct gate_config *c = NULL;
		if (gate_config_parse(rows[i].text, strlen(rows[i].text), "gate.yaml", arena, &c, &e) == 0)
			fail_msg("taken: %s", rows[i].text);
		assert_null(c);
		if (!strstr(e.text, rows[i].says) || !strstr(e.hint, rows[i].hint))
			fail_msg("%s\nsays: %s\nhint: %s", rows[i].text, e.text, e.hint);
		assert_int_equal(e.status, STATUS_USAGE);
	}
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

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

RUN_TESTS(
    WITH_ARENA(the_smallest_file_is_enough),
    WITH_ARENA(every_key_is_read),
    WITH_ARENA(the_example_shows_the_presets),
    WITH_ARENA(the_rest_of_the_example_is_right_too),
    WITH_ARENA(strategies_of_warming_are_read),
    WITH_ARENA(a_second_level_limits_the_first),
    WITH_ARENA(mistakes_are_explained_where_they_stand),
    WITH_ARENA(the_first_route_that_fits_takes_a_request))
