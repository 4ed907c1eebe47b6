/* SPDX-License-Identifier: MIT */
/* Which answers are told, what of them, and that two arms of a comparison are asked the same. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "load/load.h"
#include "scenario/scenario.h"
#include "check.h"
#include "live_server.h"
#include "recorder.h"

#define TOLD_MAX 1000
#define NGINX    "/usr/sbin/nginx"
#define REDIS    "/usr/bin/redis-server"
#define POSTGRES "/usr/lib/postgresql/15/bin/"

struct told {
	struct load_answer a;
	char route[32], encoding[16];
};

struct bench {
	struct recorder *server;
	uint16_t port;
	struct spec spec;
	const char *urls[8];
	char text[8][128];
	struct load *load;
	struct run *run;
	struct arena *arena;
	struct told told[TOLD_MAX];
	size_t n_told;
};

/* From the workers' threads, one at a time: nothing else guards this. */
static void
note(void *ctx, const struct load_answer *a)
{
	struct bench *b = ctx;
	struct told *t = &b->told[b->n_told++];

	assert_true(b->n_told <= TOLD_MAX);
	t->a = *a;
	snprintf(t->route, sizeof(t->route), "%s", a->route);
	snprintf(t->encoding, sizeof(t->encoding), "%s", a->encoding ? a->encoding : "");
}

static int
by_index(const void *a, const void *b)
{
	const struct told *x = a, *y = b;
	return x->a.index != y->a.index ? (x->a.index > y->a.index) - (x->a.index < y->a.index)
	    : (x->a.step > y->a.step) - (x->a.step < y->a.step);
}

static void
bench_load(struct bench *b)
{
	struct err e;

	b->spec.seed = 1;
	b->spec.reuse = 1;
	b->spec.timeout_ns = b->spec.timeout_ns ? b->spec.timeout_ns : 20 * NS_PER_S;
	b->spec.connections = b->spec.connections ? b->spec.connections : 8;
	b->run = run_new();
	if (load_open(&b->spec, NULL, &b->load, &e) < 0)
		fail_msg("%s", e.text);
}

static struct bench *
bench_urls(const char *scheme, uint16_t port, const char *const *paths, size_t n)
{
	struct bench *b = calloc(1, sizeof(*b));

	for (size_t i = 0; i < n; i++) {
		snprintf(b->text[i], sizeof(b->text[i]), "%s://127.0.0.1:%u/%s", scheme, port, paths[i]);
		b->urls[i] = b->text[i];
	}
	b->spec.urls = b->urls;
	b->spec.n_urls = n;
	return b;
}

static struct bench *
bench_open(const char *const *paths, size_t n)
{
	uint16_t port;
	struct recorder *server = recorder_start(&port);
	struct bench *b = bench_urls("http", port, paths, n);

	b->server = server;
	return b;
}

static void
bench_close(struct bench *b)
{
	load_close(b->load);
	if (b->server) {
		recorder_stop(b->server);
		recorder_free(b->server);
	}
	run_free(b->run);
	arena_free(b->arena);
	free(b);
}

static struct run_phase *
offer(struct bench *b, int64_t n, int64_t every, struct load_step step)
{
	struct run_phase *p;
	struct err e;

	step.name = "answers";
	step.rate = step.closed ? 0 : 1000;
	step.for_ns = 20 * NS_PER_S;
	step.at_most = n;
	step.answer_every = every;
	step.answer = note;
	step.answer_ctx = b;
	if (!b->load)
		bench_load(b);
	b->n_told = 0;
	if (load_run(b->load, &step, false, b->run, &p, &e) < 0)
		fail_msg("%s", e.text);
	qsort(b->told, b->n_told, sizeof(b->told[0]), by_index);
	return p;
}

/* ---- HTTP/1.1 ------------------------------------------------------------------------------ */

static uint64_t
hash_of_big(void)
{
	char *bytes = malloc(RECORDER_BIG);

	for (size_t i = 0; i < RECORDER_BIG; i++)
		bytes[i] = recorder_big_byte(i);
	uint64_t hash = XXH3_64bits(bytes, RECORDER_BIG);
	free(bytes);
	return hash;
}

static void
a_body_counts_as_the_service_wrote_it(void **state)
{
	const uint64_t text = XXH3_64bits(RECORDER_TEXT, strlen(RECORDER_TEXT));
	const struct { const char *path; int status; bool failed; int64_t bytes; uint64_t hash;
		const char *encoding; } rows[] = {
		{ "text", 200, false, 18, text, "" },
		{ "packed", 200, false, 18, text, "" },
		{ "broken", 200, false, 18, text, "gzip" },
		{ "br", 200, false, 3, XXH3_64bits("abc", 3), "br" },
		{ "big", 200, false, (int64_t)RECORDER_BIG, hash_of_big(), "" },
		{ "fail", 500, true, 5, XXH3_64bits("sorry", 5), "" },
		{ "cut", 0, true, 0, 0, "" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *b = bench_open(&rows[i].path, 1);
		offer(b, 3, 1, (struct load_step){ 0 });
		assert_int_equal(b->n_told, 3);
		for (int k = 0; k < 3; k++) {
			const struct told *t = &b->told[k];
			if (t->a.status != rows[i].status || t->a.failed != rows[i].failed ||
			    t->a.body_bytes != rows[i].bytes || t->a.body_hash != rows[i].hash ||
			    strcmp(t->encoding, rows[i].encoding) != 0)
				fail_msg("/%s: status %d, failed %d, %ld bytes, hash %lx, encoding '%s'",
				    rows[i].path, t->a.status, t->a.failed, (long)t->a.body_bytes,
				    (unsigned long)t->a.body_hash, t->encoding);
			assert_int_equal(t->a.index, k);
			assert_int_equal(t->a.step, 0);
			assert_string_equal(t->route + 1, rows[i].path);
		}
		bench_close(b);
	}
}

/* In turn, at both rates of the generator, by one thread and by several: the same arrivals. */
static void
every_so_manieth_arrival_is_told(void **state)
{
	static const char *const paths[] = { "text", "packed", "item" };
	static const struct { int threads; int64_t every, told; } rows[] = {
		{ 1, 0, 0 }, { 1, 1, 60 }, { 1, 7, 9 }, { 1, 100, 1 }, { 3, 7, 9 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *b = bench_open(paths, 3);
		b->spec.threads = rows[i].threads;
		struct run_phase *p = offer(b, 60, rows[i].every, (struct load_step){ 0 });
		assert_int_equal(p->answered, 60);
		assert_int_equal(b->n_told, rows[i].told);
		for (size_t k = 0; k < b->n_told; k++) {
			assert_int_equal(b->told[k].a.index, (int64_t)k * rows[i].every);
			assert_string_equal(b->told[k].route + 1, paths[b->told[k].a.index % 3]);
		}
		bench_close(b);
	}
}

/* Many threads, one callback: what it writes is guarded by nothing else. */
static void
workers_tell_one_at_a_time(void **state)
{
	static const char *const paths[] = { "text" };
	struct bench *b = bench_open(paths, 1);

	b->spec.threads = 4;
	b->spec.connections = 400;
	struct run_phase *p = offer(b, 400, 1, (struct load_step){ .closed = 400 });
	assert_int_equal(p->answered, 400);
	assert_int_equal(b->n_told, 400);
	bench_close(b);
}

/* A timeout is told, what the end of the phase cut off is not. */
static void
no_answer_is_a_failed_one(void **state)
{
	static const char *const paths[] = { "hole" };
	struct bench *b = bench_open(paths, 1);

	b->spec.timeout_ns = 100 * NS_PER_MS;
	struct run_phase *p = offer(b, 5, 1, (struct load_step){ 0 });
	assert_int_equal(b->n_told, p->timeouts);
	for (size_t i = 0; i < b->n_told; i++) {
		assert_true(b->told[i].a.failed);
		assert_int_equal(b->told[i].a.status, 0);
		assert_int_equal(b->told[i].a.body_hash, 0);
	}
	bench_close(b);
}

static void
each_phase_says_for_itself(void **state)
{
	static const char *const paths[] = { "packed" };
	struct bench *b = bench_open(paths, 1);

	offer(b, 20, 2, (struct load_step){ 0 });
	assert_int_equal(b->n_told, 10);
	offer(b, 20, 0, (struct load_step){ 0 });
	assert_int_equal(b->n_told, 0);
	offer(b, 20, 10, (struct load_step){ 0 });
	assert_int_equal(b->n_told, 2);
	bench_close(b);
}

/* ---- the same requests --------------------------------------------------------------------- */

static char feeder[32];

static int
write_feeder(void **state)
{
	strcpy(feeder, "/tmp/prony-answers-XXXXXX");
	int fd = mkstemp(feeder);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		return -1;
	fputs("id,name\n", f);
	for (int i = 0; i < 50; i++)
		fprintf(f, "%d,user-%d\n", 1000 + i, i * i);
	return fclose(f);
}

static int
remove_feeder(void **state)
{
	return unlink(feeder);
}

static const char shop[] =
	"base: http://127.0.0.1:%u\n"
	"headers: { X-Trace: \"${uuid()}\" }\n"
	"variables: { session: \"${uuid()}\", lucky: \"${random(1, 1000000)}\" }\n"
	"feeders:\n"
	"  users: { file: %s, order: random }\n"
	"  likes: { file: %s, order: zipf, exponent: 1.1 }\n"
	"flows:\n"
	"  - name: buy\n"
	"    weight: 2\n"
	"    steps:\n"
	"      - get: /item?user=${users.id}&lucky=${lucky}\n"
	"        extract: { id: { json: /id } }\n"
	"      - think: { exponential: 2ms }\n"
	"      - post: /text/${id}/${sequence()}\n"
	"        body: '{\"session\": \"${session}\", \"likes\": \"${likes.name}\", \"n\": ${random(1, 99999)}}'\n"
	"  - get: /packed?${choice(a, b, c)}=${random(1, 100000)}\n"
	"    weight: 3\n";

/* An arm: a server of its own, asked the scenario by a load of its own. */
static struct bench *
arm(const struct load_step *step, int threads)
{
	char text[2048];
	struct err e;
	struct bench *b = bench_open(NULL, 0);
	struct scenario *s;

	uint16_t port = 0;
	recorder_stop(b->server);
	recorder_free(b->server);
	b->server = recorder_start(&port);
	b->arena = arena_new();
	int n = snprintf(text, sizeof(text), shop, port, feeder, feeder);
	if (scenario_parse(text, (size_t)n, "shop", b->arena, &s, &e) < 0)
		fail_msg("%s", e.text);
	b->spec.scenario = s;
	b->spec.threads = threads;
	b->spec.poisson = true;
	offer(b, 200, 3, *step);
	load_close(b->load);
	b->load = NULL;
	recorder_stop(b->server);
	return b;
}

static void
arm_done(struct bench *b)
{
	recorder_free(b->server);
	run_free(b->run);
	arena_free(b->arena);
	free(b);
}

static void
check_same_requests(struct bench *a, struct bench *b)
{
	char *const *at_a, *const *at_b;
	size_t n = recorder_requests(a->server, &at_a);

	assert_true(n > 100);
	assert_int_equal(n, recorder_requests(b->server, &at_b));
	for (size_t i = 0; i < n; i++)
		assert_string_equal(at_a[i], at_b[i]);
}

static void
check_same_answers(const struct bench *a, const struct bench *b)
{
	size_t followers = 0;

	assert_int_equal(a->n_told, b->n_told);
	assert_true(a->n_told > 50);
	for (size_t i = 0; i < a->n_told; i++) {
		const struct told *x = &a->told[i], *y = &b->told[i];
		assert_int_equal(x->a.index, y->a.index);
		assert_int_equal(x->a.index % 3, 0);
		assert_int_equal(x->a.step, y->a.step);
		assert_string_equal(x->route, y->route);
		assert_int_equal(x->a.body_hash, y->a.body_hash);
		followers += x->a.step == 2;
	}
	assert_true(followers > 10);       /* the pause is the step before */
}

static void
two_arms_are_asked_the_same(void **state)
{
	struct bench *a = arm(&(struct load_step){ .draw = 5 }, 1);
	struct bench *b = arm(&(struct load_step){ .draw = 5 }, 3);

	check_same_requests(a, b);
	check_same_answers(a, b);
	arm_done(b);
	char *const *at_a, *const *at_b;
	b = arm(&(struct load_step){ .draw = 6 }, 1);
	recorder_requests(a->server, &at_a);
	recorder_requests(b->server, &at_b);
	assert_string_not_equal(at_a[0], at_b[0]);
	arm_done(b);
	arm_done(a);
}

static void
two_arms_of_a_closed_loop_are_asked_the_same(void **state)
{
	struct bench *a = arm(&(struct load_step){ .closed = 4 }, 1);
	struct bench *b = arm(&(struct load_step){ .closed = 4 }, 1);

	check_same_requests(a, b);
	check_same_answers(a, b);
	arm_done(b);
	arm_done(a);
}

/* ---- new connections ----------------------------------------------------------------------- */

static void
a_fresh_phase_makes_its_own_connections(void **state)
{
	static const char *const paths[] = { "text" };
	static const struct load_step kept = { .closed = 3 }, fresh = { .closed = 3, .fresh = true };
	struct bench *b = bench_open(paths, 1);

	assert_false(isnan(offer(b, 30, 0, kept)->connect.p50));
	assert_true(isnan(offer(b, 30, 0, kept)->connect.p50));
	assert_false(isnan(offer(b, 30, 0, fresh)->connect.p50));
	assert_true(isnan(offer(b, 30, 0, kept)->connect.p50));
	recorder_stop(b->server);
	assert_int_equal(recorder_connections(b->server), 1 + 3 + 3);   /* one tried whether it listens */
	recorder_free(b->server);
	b->server = NULL;
	bench_close(b);
}

/* ---- other protocols ----------------------------------------------------------------------- */

static const char nginx_conf[] =
	"worker_processes 1; daemon off; pid nginx.pid; error_log stderr;\n"
	"events { worker_connections 64; }\n"
	"http {\n"
	"  access_log off; gzip on; gzip_types *; gzip_min_length 1;\n"
	"  client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t;\n"
	"  scgi_temp_path t;\n"
	"  server { listen 127.0.0.1:%u http2; root .; }\n"
	"}\n";

static void
http2_answers_are_told(void **state)
{
	static const char *const paths[] = { "page.txt", "nowhere" };
	struct live_server s;
	char conf[1024], root[128];

	if (access(NGINX, X_OK) != 0)
		SKIP("no nginx");
	assert_true(live_prepare(&s));
	snprintf(conf, sizeof(conf), nginx_conf, s.port);
	snprintf(root, sizeof(root), "%s/", s.folder);
	assert_true(live_put_file(&s, "nginx.conf", conf) && live_put_file(&s, "page.txt", RECORDER_TEXT));
	const char *const argv[] = { NGINX, "-p", root, "-c", "nginx.conf", NULL };
	assert_true(live_start(&s, argv));
	struct bench *b = bench_urls("http", s.port, paths, 2);
	b->spec.http2 = true;
	b->spec.connections = 2;
	offer(b, 40, 4, (struct load_step){ 0 });
	assert_int_equal(b->n_told, 10);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(b->told[i].a.index, 4 * i);
		assert_int_equal(b->told[i].a.status, 200);
		assert_int_equal(b->told[i].a.body_bytes, strlen(RECORDER_TEXT));
		assert_int_equal(b->told[i].a.body_hash, XXH3_64bits(RECORDER_TEXT, strlen(RECORDER_TEXT)));
	}
	offer(b, 40, 3, (struct load_step){ 0 });
	assert_int_equal(b->told[1].a.status, 404);
	assert_string_equal(b->told[1].route, "/nowhere");
	bench_close(b);
	live_stop(&s);
}

static struct bench *
bench_scenario(const char *text, uint16_t port)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct scenario *scenario;
	struct err e;
	char yaml[512];

	b->arena = arena_new();
	int n = snprintf(yaml, sizeof(yaml), text, port);
	if (scenario_parse(yaml, (size_t)n, "answers", b->arena, &scenario, &e) < 0)
		fail_msg("%s", e.text);
	b->spec.scenario = scenario;
	return b;
}

static void
redis_answers_are_told(void **state)
{
	static const char text[] = "base: redis://127.0.0.1:%u/0\n"
	    "flows: [ { command: [ECHO, \"n ${sequence()}\"] }, { command: [NONSENSE] } ]\n";
	struct live_server s;
	char port[8], reply[32];

	if (access(REDIS, X_OK) != 0)
		SKIP("no Redis");
	assert_true(live_prepare(&s));
	snprintf(port, sizeof(port), "%u", s.port);
	const char *const argv[] = { REDIS, "--port", port, "--bind", "127.0.0.1", "--save", "", NULL };
	assert_true(live_start(&s, argv));
	struct bench *b = bench_scenario(text, s.port);
	offer(b, 40, 5, (struct load_step){ 0 });
	assert_int_equal(b->n_told, 8);
	for (int i = 0; i < 8; i++) {
		const struct load_answer *a = &b->told[i].a;
		bool echo = strncmp(b->told[i].route, "ECHO", 4) == 0;
		int size = snprintf(reply, sizeof(reply), "n %d", 5 * i);
		size = snprintf(reply, sizeof(reply), "$%d\r\nn %d\r\n", size, 5 * i);
		assert_int_equal(a->failed, !echo);
		if (echo)
			assert_int_equal(a->body_hash, XXH3_64bits(reply, (size_t)size));
		if (echo)
			assert_int_equal(a->body_bytes, size);
	}
	bench_close(b);
	live_stop(&s);
}

/* The same rows, the same sum; other rows of the same length, another. */
static void
postgresql_answers_are_told(void **state)
{
	static const char text[] = "base: postgresql://boss@127.0.0.1:%u/postgres\n"
	    "flows:\n"
	    "  - query: \"SELECT i, 'same' FROM generate_series(1, 100) i\"\n    name: same\n"
	    "  - query: \"SELECT $1::text\"\n    name: other\n"
	    "    parameters: [\"${random(100000, 999999)}\"]\n"
	    "  - query: \"SELECT 1 / ($1::text::int - 7)\"\n    name: wrong\n    parameters: [7]\n";
	struct live_server s;
	char port[8];

	if (access(POSTGRES "postgres", X_OK) != 0)
		SKIP("no PostgreSQL");
	assert_true(live_prepare(&s));
	snprintf(port, sizeof(port), "%u", s.port);
	const char *const make[] = { POSTGRES "initdb", "-D", "data", "-U", "boss", "-A", "trust", "-N",
		"--no-locale", NULL };
	const char *const argv[] = { POSTGRES "postgres", "-D", "data", "-p", port, "-k", "", "-F", "-c",
		"listen_addresses=127.0.0.1", NULL };
	const char *const ask[] = { POSTGRES "pg_isready", "-q", "-h", "127.0.0.1", "-p", port, NULL };
	assert_true(live_run(&s, make) == 0 && live_start(&s, argv));
	while (live_run(&s, ask) == 1)
		continue;               /* it is starting up */
	struct bench *b = bench_scenario(text, s.port);
	b->spec.connections = 2;
	offer(b, 30, 1, (struct load_step){ 0 });
	assert_int_equal(b->n_told, 30);
	for (int i = 3; i < 30; i++) {
		const struct load_answer *a = &b->told[i].a, *before = &b->told[i % 3].a;
		assert_int_equal(a->failed, strcmp(b->told[i].route, "wrong") == 0);
		assert_int_equal(a->body_bytes, before->body_bytes);
		assert_int_equal(a->body_hash == before->body_hash, strcmp(b->told[i].route, "other") != 0);
	}
	bench_close(b);
	live_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_counts_as_the_service_wrote_it),
		cmocka_unit_test(every_so_manieth_arrival_is_told),
		cmocka_unit_test(workers_tell_one_at_a_time),
		cmocka_unit_test(no_answer_is_a_failed_one),
		cmocka_unit_test(each_phase_says_for_itself),
		cmocka_unit_test_setup_teardown(two_arms_are_asked_the_same, write_feeder, remove_feeder),
		cmocka_unit_test_setup_teardown(two_arms_of_a_closed_loop_are_asked_the_same, write_feeder,
		    remove_feeder),
		cmocka_unit_test(a_fresh_phase_makes_its_own_connections),
		cmocka_unit_test(http2_answers_are_told),
		cmocka_unit_test(redis_answers_are_told),
		cmocka_unit_test(postgresql_answers_are_told),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
