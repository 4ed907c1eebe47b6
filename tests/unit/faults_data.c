/* SPDX-License-Identifier: MIT */
/* What keeps data: disks, databases, Redis, data loaders, answers that could be kept. */
#include "faults_by_hand.h"

#include <math.h>

#include "service_by_hand.h"

struct run *syncs(void) { return painted(PART_DISK, "fdatasync", 0.8); }
struct run *syncs_little(void) { return painted(PART_DISK, "fdatasync", 0.04); }
static struct run *reads(void) { return painted(PART_DISK, "read", 0.8); }
static struct run *reads_little(void) { return painted(PART_DISK, "read", 0.04); }
#define SCAN "SELECT * FROM orders WHERE customer_id = ?"

static struct run *
scanning(double rows, double share)
{
	struct run *r = painted(PART_DB, SCAN, share);
	struct run_query *q = query(r, SCAN, 1000, 20 * share, 1);
	q->scan_table = q->index_table = "orders";
	q->scan_rows = rows;
	q->index_plan = "SEARCH orders USING INDEX (customer_id=?)";
	RUN_ADD_STR(r, q->index_columns, q->n_index_columns, "customer_id");
	return r;
}

struct run *missing_index(void) { return scanning(600000, 0.71); }
static struct run *small_table(void) { return scanning(20, 0.71); }

struct run *
repeated(double per_request)
{
	struct run *r = painted(PART_DB, "SELECT name FROM products WHERE id = ?", 0.6);
	query(r, "SELECT name FROM products WHERE id = ?", 1000 * per_request, 12, per_request);
	return r;
}

static struct run *n_plus_one(void) { return repeated(40); }
static struct run *once(void) { return repeated(1); }
static struct run *slow_query(void) { return repeated(1); }
static struct run *quick_query(void) { return painted(PART_DB, "SELECT 1", 0.04); }

/* Half a millisecond, of a service that keeps its target. */
static struct run *
brief_query(void)
{
	struct run *r = repeated(1);
	r->evidence.trace.queries[0].seconds = 0.5;
	target(r, "latency_p99", "<", 1, 0);
	return r;
}

static struct run *
fetching(double bytes, const char *encoding)
{
	struct run *r = painted(PART_DB, "SELECT * FROM articles", 0.4);
	query(r, "SELECT * FROM articles", 1000, 8, 1)->bytes = bytes;
	r->evidence.trace.queries[0].engine = "postgresql";
	struct run_route *t = RUN_ADD(r, route, r->baseline.routes, r->baseline.n_routes);
	t->route = "/";
	t->body_bytes = 20e3;
	t->content_encoding = encoding;
	return r;
}

static struct run *fetches_wide(void) { return fetching(900e3, NULL); }
static struct run *fetches_what_it_shows(void) { return fetching(100e3, NULL); }
static struct run *fetches_and_packs(void) { return fetching(700e3, "gzip"); }

static struct run *
redis(const char *command, double per_request, double seconds, double bytes)
{
	struct run *r = painted(PART_CACHE, command, 0.6);
	struct run_query *q = query(r, command, 1000 * per_request, 1000 * per_request * seconds, per_request);
	q->engine = "redis";
	q->bytes = bytes;
	return r;
}

/* The client's own work for each command is most of the time. */
static struct run *
redis_client_computes(void)
{
	struct run *r = redis("GET ?", 40, 0.00002, 5);
	r->evidence.trace.routes[0].parts[0].share = 0.05;
	r->evidence.trace.routes[0].parts[1].share = 0.6;
	function(r, "handle", "python", 0.05, true);
	function(r, "Redis.get", "python", 0.5, false)->file = "/usr/lib/python3/dist-packages/redis/client.py";
	stack(r, "main;handle;Redis.get;encode", 0.9);
	stack(r, "main;handle", 0.1);
	return r;
}

static struct run *redis_many(void) { return redis("GET ?", 40, 0.0003, 5); }
static struct run *redis_once(void) { return redis("GET ?", 1, 0.0003, 5); }
static struct run *redis_keys(void) { return redis("KEYS ?", 1, 0.012, 500); }
static struct run *redis_value(void) { return redis("GET ?", 1, 0.012, 1e6); }

static struct run *
redis_pipeline(void)
{
	struct run *r = redis_many();
	r->evidence.trace.queries[0].at_once = 0.95;
	return r;
}

static struct run *
blocking(double blocked)
{
	struct run *r = loop(0.1, 0.001, "node");
	r->evidence.trace.threads[0].blocked = blocked;
	r->evidence.trace.waits[0].holder[0].kind = PART_DISK;
	r->evidence.trace.waits[0].holder[0].where = "read";
	return r;
}

struct run *loop_reads(void) { return blocking(0.8); }

/* From a pipe, which has no name. */
static struct run *
loop_reads_a_pipe(void)
{
	struct run *r = blocking(0.8);
	r->evidence.trace.waits[0].holder[0].kind = PART_OTHER;
	r->evidence.trace.waits[0].holder[0].where = NULL;
	part(r, PART_OTHER, NULL, 0.8);
	stack(r, "main;schedule;celsius;read", 8);
	r->evidence.trace.stacks[r->evidence.trace.n_stacks - 1].kind = "other";
	return r;
}

/* It polls for its peer's answers, and sleeps. */
static struct run *
loop_sleeps(void)
{
	struct run *r = blocking(0.8);
	struct run_wait *w = &r->evidence.trace.waits[0];
	const struct run_part polled = { .kind = PART_NET, .where = "127.0.0.1:9", .share = 0.2 };

	w->holder[0] = (struct run_part){ .kind = PART_SLEEP, .share = 0.8, .seconds = w->holder[0].seconds };
	*RUN_ADD(r, part, w->holder, w->n_holder) = polled;
	stack(r, "main;keep_to_rate;clock_nanosleep", 5);
	r->evidence.trace.stacks[0].kind = "sleep";
	return r;
}

/* Half of the time others have the CPU that it wants. */
static struct run *
loop_reads_preempted(void)
{
	struct run *r = blocking(0.08);
	r->evidence.trace.threads[0].runqueue = 0.5;
	return r;
}

static struct run *loop_polls(void) { return blocking(0.01); }

/* Blocked at a socket whose peer is not seen: in receiving a datagram, or in sending to its clients. */
static struct run *
at_a_socket(const char *frames)
{
	struct run *r = blocking(0.8);
	r->evidence.trace.waits[0].holder[0].kind = PART_NET;
	r->evidence.trace.waits[0].holder[0].where = NULL;
	stack(r, frames, 5);
	r->evidence.trace.stacks[0].kind = "net";
	struct run_site *site = RUN_ADD(r, site, r->evidence.trace.sites, r->evidence.trace.n_sites);
	site->kind = PART_NET;
	site->function = "resolve";
	return r;
}

static struct run *loop_asks(void) { return at_a_socket("main;loop;resolve;recv"); }
static struct run *loop_sends(void) { return at_a_socket("main;loop;resolve;send"); }

/* A job with two data workers: of each step it waits this share for what they do. */
static struct run *
trains(double waited, enum run_part_kind kind, const char *where)
{
	struct run *r = service("python");
	struct run_trace *t = &r->evidence.trace;
	r->evidence.n_phases = 0;
	r->spec.observe = true;
	r->baseline.throughput = 30;
	t->requests = 300;
	struct run_loader *l = RUN_ADD(r, loader, t->loaders, t->n_loaders);
	l->name = "python3";
	l->queue = "data loader of python3 (100)";
	l->workers = 2;
	l->waited = waited;
	l->busy = 2;
	l->seconds = 0.03;
	l->orders = 0;
	part(r, PART_QUEUE, l->queue, waited);
	part(r, PART_CPU, "train_step", 1 - waited);
	function(r, "decode_image", "python", 0.5, true);
	wait_for(r, PART_QUEUE, l->queue, 1);
	held(r, PART_RUNQUEUE, NULL, 0.3);
	held(r, kind, where, 0.7);
	return r;
}

struct run *trains_late(void) { return trains(0.8, PART_CPU, "decode_image"); }
struct run *trains_from_disk(void) { return trains(0.8, PART_DISK, "read samples"); }
static struct run *trains_in_time(void) { return trains(0.02, PART_CPU, "decode_image"); }

static struct run *
repeats(double same)
{
	struct run *r = painted(PART_DB, "SELECT price", 0.9);
	struct run_repeat *seen = RUN_ADD(r, repeat, r->evidence.repeats, r->evidence.n_repeats);
	seen->route = "/?id=*";
	seen->answers = 100;
	seen->same = same;
	seen->bytes = 800;
	struct run_phase *p = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
	p->name = "baseline";
	p->service.p50 = 0.004;
	return r;
}

struct run *same_answer(void) { return repeats(1); }
struct run *other_answers(void) { return repeats(0.5); }

struct run *
same_but_cheap(void)
{
	struct run *r = repeats(1);
	r->evidence.phases[r->evidence.n_phases - 1].service.p50 = 60e-6;
	return r;
}

struct run *
same_at_a_given_rate(void)
{
	struct run *r = repeats(1);
	r->capacity.knee_rate = NAN;
	return r;
}

static const struct fault rows[] = {
	{ "io.redis.n-plus-one", redis_many, redis_once, "GET ?" },
	{ "io.redis.n-plus-one", redis_many, redis_pipeline, "GET ?" },
	{ "io.redis.n-plus-one", redis_client_computes, redis_once, "GET ?" },
	{ "io.redis.slow-command", redis_keys, redis_many, "KEYS ?" },
	{ "io.redis.slow-command", redis_value, redis_once, "GET ?" },
	{ "io.db.over-fetch", fetches_wide, fetches_what_it_shows, "SELECT * FROM articles" },
	{ "io.db.over-fetch", fetches_wide, fetches_and_packs, "SELECT * FROM articles" },
	{ "io.disk.sync", syncs, syncs_little, "fdatasync" },
	{ "io.data-loading", trains_late, trains_in_time, "decode_image" },
	{ "io.data-loading", trains_from_disk, trains_in_time, "read samples" },
	{ "io.disk.read", reads, reads_little, "read" },
	{ "io.db.missing-index", missing_index, small_table, "orders(customer_id): " SCAN },
	{ "io.db.n-plus-one", n_plus_one, once, "SELECT name FROM products WHERE id = ?" },
	{ "io.db.slow-query", slow_query, quick_query, "SELECT name FROM products WHERE id = ?" },
	{ "io.db.slow-query", slow_query, brief_query, "SELECT name FROM products WHERE id = ?" },
	{ "io.blocking-call", loop_reads, loop_polls, "read" },
	{ "io.blocking-call", loop_reads_preempted, loop_polls, "read" },
	{ "io.blocking-call", loop_sleeps, loop_polls, "a sleep" },
	{ "io.blocking-call", loop_reads_a_pipe, loop_polls, "a system call" },
	{ "io.blocking-call", loop_asks, loop_sends, "a server that was not seen in resolve" },
};

const struct fault_family faults_data = { rows, sizeof(rows) / sizeof(rows[0]) };
