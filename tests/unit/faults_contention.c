/* SPDX-License-Identifier: MIT */
/* What waits for somebody: locks, workers, pools. */
#include "faults_by_hand.h"

#include "service_by_hand.h"

struct run *
convoy(double waiters, enum run_part_kind holder)
{
	struct run *r = service("native");
	part(r, PART_LOCK, "inventory_lock", 0.6);
	part(r, PART_CPU, "handle", 0.2);
	part(r, PART_OTHER, NULL, 0.2);
	wait_for(r, PART_LOCK, "inventory_lock", waiters)->site = "buy_under_lock";
	held(r, holder, "SELECT 1", 1);
	return r;
}

struct run *lock_convoy(void) { return convoy(6, PART_SLEEP); }
static struct run *lock_calm(void) { return convoy(0.4, PART_SLEEP); }

/* Of Go's runtime. */
static struct run *
runtime_lock(void)
{
	struct run *r = service("go");
	part(r, PART_LOCK, "lock in runtime.futex.abi0", 0.6);
	part(r, PART_CPU, "handle", 0.4);
	return r;
}

static struct run *
pool_threads_idle(void)
{
	struct run *r = convoy(6, PART_SLEEP);
	r->evidence.trace.waits[0].site = "uv_cond_signal";
	return r;
}

/* Half of the samples in a function that spins, or that computes. */
static struct run *
spins(double spinning)
{
	struct run *r = hot(0.71, 0.9);
	r->evidence.trace.functions[0].spinning = spinning;
	return r;
}

static struct run *spin_lock(void) { return spins(0.9); }
static struct run *computes(void) { return spins(0.01); }

/* So many of the requests are in it, so many at a time; chance alone would bring 1.5 together. */
static struct run *
together(double requests, double at_once)
{
	struct run *r = hot(0.71, 0.9);
	struct run_function *f = &r->evidence.trace.functions[0];
	f->requests = requests;
	f->at_once = at_once;
	f->at_once_even = 1.5;
	return r;
}

static struct run *stampede(void) { return together(0.04, 12); }
static struct run *rare_work(void) { return together(0.04, 1.7); }
static struct run *work_of_all(void) { return together(1, 12); }

struct run *
workers(enum run_part_kind doing)
{
	struct run *r = service("python");
	r->system.processes[0].framework = "gunicorn";
	struct run_thread *t = thread(r, "gunicorn", 0.05);
	t->loop = true;   /* waits for its next connection in select */
	t->blocked = 0.93;
	part(r, PART_QUEUE, "accept", 0.7);
	part(r, doing, "handler", 0.3);
	wait_for(r, PART_QUEUE, "accept", 4);
	held(r, doing, "handler", 1);
	return r;
}

struct run *workers_blocked(void) { return workers(PART_SLEEP); }
static struct run *workers_compute(void) { return workers(PART_CPU); }

/* All that was asked for is kept with much to spare. */
static struct run *
workers_enough(void)
{
	struct run *r = workers(PART_SLEEP);
	target(r, "latency_p99", "<", 10, 100);
	return r;
}

/* Goroutines at a channel; whoever passes it sleeps. */
static struct run *
channel_blocked(void)
{
	struct run *r = service("go");
	part(r, PART_QUEUE, "channel in main.reserve", 0.8);
	part(r, PART_SLEEP, "main.reserve", 0.2);
	wait_for(r, PART_QUEUE, "channel in main.reserve", 6);
	return r;
}

/* Of those that passed it so many are at work in the same function. */
static struct run *
channel_passed(double past)
{
	struct run *r = channel_blocked();
	r->evidence.trace.seconds = 10;
	stack(r, "net/http.(*conn).serve;main.reserve;runtime.chansend1", 60);
	r->evidence.trace.stacks[0].kind = "queue";
	stack(r, "net/http.(*conn).serve;main.reserve;time.Sleep", 10 * past);
	r->evidence.trace.stacks[1].kind = "sleep";
	return r;
}

static struct run *channel_as_lock(void) { return channel_passed(0.95); }
static struct run *channel_of_four(void) { return channel_passed(4); }

/* A Node service whose four helpers are taken so much of the time; 20 requests are inside at a
 * time. */
static struct run *
pooled(double helped, double cpu, double utilisation)
{
	struct run *r = service("node");
	struct run_trace *t = &r->evidence.trace;
	struct run_thread *main_loop = thread(r, "node", 0.04);
	main_loop->loop = true;
	main_loop->longest_run = 0.011;
	for (int i = 0; i < 4; i++) {
		struct run_thread *h = thread(r, "node", cpu);
		h->helped = helped;
	}
	struct run_site *site = RUN_ADD(r, site, t->sites, t->n_sites);
	site->kind = PART_QUEUE;
	site->function = "hashPassword";
	site->file = "/app/login.js";
	site->line = 7;
	r->evidence.phases[0].throughput = 1000;
	r->baseline.cpu = 4 * utilisation;
	part(r, PART_CPU, "sha256_block", cpu);
	part(r, PART_SLEEP, NULL, 0.9 - cpu);
	part(r, PART_OTHER, "rest", 0.1);
	function(r, "sha256_block", "native", 0.9, false);
	stack(r, "_start;worker;sha256_block", 10);
	return r;
}

struct run *pool_taken(void) { return pooled(0.98, 0.05, 0.2); }
static struct run *pool_free(void) { return pooled(0.5, 0.05, 0.2); }
static struct run *pool_computes(void) { return pooled(0.98, 0.85, 0.9); }
static struct run *pool_rests(void) { return pooled(0.2, 0.1, 0.2); }

/* All wait at the lock of a pool for a connection to the ledger. */
static struct run *
locked_pool(int64_t connections, double busy)
{
	struct run *r = service("native");
	part(r, PART_LOCK, "pool", 0.7);
	part(r, PART_NET, "10.0.0.7:80", 0.3);
	wait_for(r, PART_LOCK, "pool", 12)->site = "pool_put";
	held(r, PART_NET, "10.0.0.7:80", 0.45);
	held(r, PART_LOCK, "pool", 0.5);
	held(r, PART_CPU, "pool_put", 0.05);
	struct run_peer *p = RUN_ADD(r, peer, r->system.peers, r->system.n_peers);
	p->kind = "tcp";
	p->address = "10.0.0.7:80";
	p->connections = connections;
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->peer = "10.0.0.7:80";
	c->calls = 1000;
	c->seconds = busy * 5;
	r->evidence.trace.seconds = 5;
	return r;
}

/* Who asks the ledger keeps a connection to the database meanwhile. */
static struct run *
kept_connections(void)
{
	struct run *r = locked_pool(3, 1.9);
	struct run_peer *p = RUN_ADD(r, peer, r->system.peers, r->system.n_peers);
	p->kind = "postgresql";
	p->address = "10.0.0.9:5432";
	p->connections = 3;
	return r;
}

static struct run *small_pool(void) { return locked_pool(2, 1.9); }
static struct run *one_at_a_time(void) { return locked_pool(3, 1); }
static struct run *locked_connections(void) { return locked_pool(64, 1); }

static struct run *
queued_for_pool(enum run_part_kind held_by, double seconds)
{
	struct run *r = service("node");
	part(r, PART_QUEUE, "connection pool 10.0.0.7:5432", 0.7);
	part(r, PART_DB, "SELECT price", 0.15);
	part(r, PART_CPU, "handle", 0.15);
	wait_for(r, PART_QUEUE, "connection pool 10.0.0.7:5432", 6);
	held(r, held_by, held_by == PART_DB ? "SELECT price" : "handle", 1);
	query(r, "SELECT price", 1000, 1000 * seconds, 1)->engine = "postgresql";
	return r;
}

static struct run *pool_small(void) { return queued_for_pool(PART_DB, 0.003); }
static struct run *pool_kept_by_loop(void) { return queued_for_pool(PART_CPU, 0.003); }
static struct run *pool_kept_by_statement(void) { return queued_for_pool(PART_DB, 0.05); }

static struct run *
pool_of_full_host(void)
{
	struct run *r = pool_small();
	r->evidence.series[0].mean = 0.97;
	return r;
}

/* The server uses so many cores of a host whose four are full. */
static struct run *
pool_before_server(double cores)
{
	struct run *r = pool_of_full_host();
	struct run_neighbour *n = RUN_ADD(r, neighbour, r->system.neighbours, r->system.n_neighbours);
	n->name = "postgres";
	n->cpu = cores;
	n->peer = true;
	return r;
}

static struct run *pool_beside_a_build(void) { return pool_before_server(0.06); }
static struct run *pool_of_full_server(void) { return pool_before_server(2.9); }

static struct run *
updating(double released)
{
	struct run *r = painted(PART_DB, "UPDATE counters SET n = n + ?", 0.7);
	query(r, "UPDATE counters SET n = n + ?", 1000, 14, 1)->engine = "postgresql";
	r->evidence.trace.queries[0].released = released;
	return r;
}

static struct run *row_lock(void) { return updating(0.95); }
static struct run *slow_update(void) { return updating(0.03); }

static const struct fault rows[] = {
	{ "contention.lock", lock_convoy, lock_calm, "inventory_lock (held in buy_under_lock)" },
	{ "contention.lock", lock_convoy, runtime_lock, "inventory_lock (held in buy_under_lock)" },
	{ "contention.lock", lock_convoy, pool_threads_idle, "inventory_lock (held in buy_under_lock)" },
	{ "contention.lock", spin_lock, computes, "score_cart" },
	{ "contention.stampede", stampede, rare_work, "score_cart" },
	{ "contention.stampede", stampede, work_of_all, "score_cart" },
	{ "contention.pool", small_pool, locked_connections, "10.0.0.7:80 (2 connections, pool)" },
	{ "contention.pool", kept_connections, one_at_a_time, "10.0.0.9:5432 (3 connections, pool)" },
	{ "contention.workers", workers_blocked, workers_compute, "workers of shop" },
	{ "contention.workers", workers_blocked, workers_enough, "workers of shop" },
	{ "contention.workers", channel_blocked, workers_compute, "channel in main.reserve" },
	{ "contention.workers", channel_of_four, channel_as_lock, "channel in main.reserve" },
	{ "contention.lock", channel_as_lock, channel_of_four, "channel in main.reserve" },
	{ "contention.workers", pool_taken, pool_free, "libuv thread pool (4 threads) in hashPassword" },
	{ "cpu.hot-function", pool_computes, pool_rests, "hashPassword" },
	{ "contention.db-lock", row_lock, slow_update, "UPDATE counters SET n = n + ?" },
	{ "io.db.slow-query", slow_update, row_lock, "UPDATE counters SET n = n + ?" },
	{ "contention.pool", pool_small, pool_kept_by_loop, "connection pool 10.0.0.7:5432" },
	{ "contention.pool", pool_small, pool_kept_by_statement, "connection pool 10.0.0.7:5432" },
	{ "contention.pool", pool_small, pool_of_full_host, "connection pool 10.0.0.7:5432" },
	{ "contention.pool", pool_beside_a_build, pool_of_full_server, "connection pool 10.0.0.7:5432" },
	{ "io.db.slow-query", pool_kept_by_statement, pool_small, "SELECT price" },
};

const struct fault_family faults_contention = { rows, sizeof(rows) / sizeof(rows[0]) };
