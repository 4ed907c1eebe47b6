/* SPDX-License-Identifier: MIT */
/* Mistakes in gate.yaml are explained where they stand, with what to write instead. */
#include "gate/config/config.h"

#include "base/cleanup.h"
#include "gate_smallest.h"
#include "with_arena.h"

#define WITH(line)  SMALLEST line "\n"
#define UPDATES(keys) \
	WITH("cache_warming: { strategies: { event_driven: [invalidate_on_update] }, " keys " }")
#define ROUTE(keys) "listen: :1\nupstreams: { o: { servers: [a:1] } }\nroutes:\n  - { match: /, upstream: o, " keys " }\n"
#define BATCH(keys) ROUTE("batch: { " keys " }")
#define SERVER(keys) "listen: :1\nroutes: [ { match: /, upstream: o } ]\nupstreams: { o: { " keys " } }\n"

struct row { const char *text, *says, *hint; };

static void
check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
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

static void
mistakes_of_the_gate(void **state)
{
	static const struct row rows[] = {
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
	};

	check_rows(rows, COUNT_OF(rows));
}

static void
mistakes_of_the_second_level(void **state)
{
	static const struct row rows[] = {
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
	};

	check_rows(rows, COUNT_OF(rows));
}

static void
mistakes_of_upstreams(void **state)
{
	static const struct row rows[] = {
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
	};

	check_rows(rows, COUNT_OF(rows));
}

static void
mistakes_of_routes(void **state)
{
	static const struct row rows[] = {
		{ ROUTE("cach: { enabled: true }"), "unknown key 'cach' in a route", "'cache'?" },
		{ ROUTE("cache: true"), "cache: a single value where keys are expected", "" },
		{ ROUTE("cache: { enabled: yes }"), "'yes' is neither true nor false", "enabled: true" },
		{ ROUTE("cache: { vary: 'a b' }"), "vary: 'a b' is not a name", "" },
		{ ROUTE("cache: { vary: '*' }"), "vary: '*' is not the name of a field", "" },
		{ ROUTE("compress: { recompress: often }"), "'often' is neither true nor false", "recompress: true" },
		{ ROUTE("compress: { types: [json] }"), "types: 'json' is not a media type", "" },
		{ ROUTE("rate_limit: { burst: 5 }"), "rate_limit: no rate", "rate: 100/s" },
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
	};

	check_rows(rows, COUNT_OF(rows));
}

static void
mistakes_of_batches(void **state)
{
	static const struct row rows[] = {
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
	};

	check_rows(rows, COUNT_OF(rows));
}

static void
mistakes_of_warming(void **state)
{
	static const struct row rows[] = {
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
		{ UPDATES("redis: { url: 'rediss://u:geheim@a/0?x=1', stream: s }"), "not a URL of Redis", "rediss://USER" },
		{ UPDATES("redis: { url: 'redis://a', stream: s, tls: { ca: c.pem } }"),
		  "redis: tls and a URL that begins with redis:// contradict", "write rediss://" },
		{ UPDATES("redis: { url: 'rediss://a', stream: s, tls: false }"),
		  "redis: tls and a URL that begins with rediss:// contradict", "leave out tls" },
		{ UPDATES("redis: { url: 'rediss://a', stream: s, tls: { key: k.pem } }"), "a key without its certificate", "" },
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

	check_rows(rows, COUNT_OF(rows));
}

RUN_TESTS(
	WITH_ARENA(mistakes_of_the_gate),
	WITH_ARENA(mistakes_of_the_second_level),
	WITH_ARENA(mistakes_of_upstreams),
	WITH_ARENA(mistakes_of_routes),
	WITH_ARENA(mistakes_of_batches),
	WITH_ARENA(mistakes_of_warming))
