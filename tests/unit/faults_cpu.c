/* SPDX-License-Identifier: MIT */
/* What computes: hot functions, threads that are full, quotas, neighbours. */
#include "faults_by_hand.h"

#include "service_by_hand.h"

struct run *hot_function(void) { return hot(0.71, 0.9); }
static struct run *hot_but_idle(void) { return hot(0.30, 0.2); }

/* A cron thread burns CPU in its own function: it is sampled, but no request runs it. */
static struct run *
cold_cron(void)
{
	struct run *r = hot(0.05, 0.9);
	function(r, "cron", "native", 0.9, true);
	stack(r, "main;cron_main;cron", 100);
	return r;
}

/* The library does it, and its name says what. */
static struct run *
compresses(void)
{
	struct run *r = memory_work("main;worker;draw_lines;deflate;[libz.so.1+0x4970]", 0.9);
	function(r, "deflate", "native", 0, false)->module = "libz.so.1";
	return r;
}

/* Its target is met, at the highest rate (0) or at the one that was asked for; nothing but this function costs
 * anything. */
static struct run *
all_hot_at_ease(double cpu_per_request, double rate)
{
	struct run *r = hot(0.85, 0.3);
	target(r, "latency_p99", "<", 1, rate);
	r->baseline.cpu_per_request = cpu_per_request;
	return r;
}

static struct run *dear_at_its_knee(void) { return all_hot_at_ease(0.007, 0); }
static struct run *cheap_at_its_knee(void) { return all_hot_at_ease(0.0002, 0); }
static struct run *dear_as_asked_for(void) { return all_hot_at_ease(0.007, 100); }

static struct run *node_blocked(void) { return loop(0.9, 0.045, "node"); }

/* On CPU two thirds of the time, at a rate that is so much of the highest. */
static struct run *
node_traced_at(double rate)
{
	struct run *r = loop(0.65, 0.001, "node");
	r->evidence.phases[0].rate = rate;
	return r;
}

static struct run *node_traced_below(void) { return node_traced_at(700); }
static struct run *node_traced_at_most(void) { return node_traced_at(1000); }

static struct run *node_calm(void) { return loop(0.3, 0.001, "node"); }

/* Its longest stretch was long because others had the CPU in the midst of it. */
static struct run *
node_preempted(void)
{
	struct run *r = loop(0.24, 0.012, "node");
	r->evidence.trace.threads[0].runqueue = 0.4;
	return r;
}

struct run *nginx_full(void) { return loop(0.95, 0.0075, "nginx"); }

static struct run *
single(double second)
{
	struct run *r = service("native");
	thread(r, "worker", 0.97);
	thread(r, "other", second);
	r->baseline.cpu = 0.97 + second;
	part(r, PART_CPU, "a", 0.3);
	part(r, PART_CPU, "b", 0.3);
	part(r, PART_CPU, "c", 0.3);
	part(r, PART_OTHER, NULL, 0.1);
	return r;
}

static struct run *one_thread(void) { return single(0.02); }
static struct run *two_threads(void) { return single(0.9); }

/* A thread a connection, each of them seldom on CPU: they take turns. */
static struct run *
turns(double waits)
{
	struct run *r = service("python");
	for (int i = 0; i < 30; i++)
		thread(r, "python3", 0.03);
	r->baseline.cpu = 0.95;
	part(r, PART_LOCK, "Python GIL", waits);
	part(r, PART_CPU, "parse", 0.1);
	part(r, PART_CPU, "score", 0.1);
	part(r, PART_OTHER, "rest", 0.8 - waits);
	return r;
}

static struct run *threads_in_turn(void) { return turns(0.6); }
static struct run *threads_at_once(void) { return turns(0.02); }

/* One function has nearly all of the turns. */
static struct run *
turns_for_one(void)
{
	struct run *r = turns(0.6);
	function(r, "parse", "python", 0.9, true);
	stack(r, "main;serve;parse", 9);
	stack(r, "main;serve;score", 1);
	return r;
}

/* The rest of the host is taken by others. */
static struct run *
turns_on_a_full_host(void)
{
	struct run *r = turns(0.6);
	r->evidence.series[0].mean = 1;
	return r;
}

static struct run *
throttle(double ratio)
{
	struct run *r = hot_function();
	r->system.processes[0].cpu_limit = 0.5;
	r->system.processes[0].cgroup = "/shop";
	r->baseline.cpu = 0.49;
	series(r, "service_throttled_ratio", ratio);
	series(r, "service_throttled_seconds_per_second", ratio);
	return r;
}

struct run *throttled(void) { return throttle(0.6); }
static struct run *not_throttled(void) { return throttle(0.01); }

/* Not stopped where it was measured, but missed higher rates with so much of its quota used. */
static struct run *
throttle_above(double used)
{
	struct run *r = throttle(0);

	r->capacity.knee_rate = 100;
	for (int i = 0; i < 3; i++) {
		struct run_point *p = RUN_ADD(r, point, r->capacity.curve, r->capacity.n_curve);
		p->rate = 100 + 50 * i;
		p->sustained = i == 0;
		p->cpu = i == 0 ? 0.3 : 0.5 * used;
	}
	return r;
}

static struct run *throttled_above(void) { return throttle_above(0.97); }
static struct run *missed_below_quota(void) { return throttle_above(0.6); }

static struct run *
full(double cores, bool generator)
{
	struct run *r = service("native");
	r->baseline.cpu = cores;
	r->evidence.series[0].mean = 0.97;
	r->host.generator_on_host = generator;
	for (int i = 0; i < 10; i++)
		part(r, PART_CPU, run_printf(r, "f%d", i), 0.06);
	part(r, PART_RUNQUEUE, NULL, 0.4);
	return r;
}

static struct run *host_full(void) { return full(3.6, false); }
static struct run *host_full_of_generator(void) { return full(1.4, true); }

/* Half of the requests' time is waiting for a CPU, and somebody else has so many of the four. */
static struct run *
beside(double cores, bool is_peer)
{
	struct run *r = service("native");
	part(r, PART_RUNQUEUE, NULL, 0.5);
	part(r, PART_CPU, "a", 0.1);
	part(r, PART_CPU, "b", 0.1);
	part(r, PART_OTHER, NULL, 0.3);
	r->baseline.cpu = 0.9;
	r->evidence.series[0].mean = 0.98;
	struct run_neighbour *n = RUN_ADD(r, neighbour, r->system.neighbours, r->system.n_neighbours);
	n->name = "make";
	n->processes = 3;
	n->cpu = cores;
	n->peer = is_peer;
	return r;
}

static struct run *beside_a_build(void) { return beside(2.9, false); }
static struct run *beside_little(void) { return beside(0.3, false); }
static struct run *beside_its_database(void) { return beside(2.9, true); }

static const struct fault rows[] = {
	{ "cpu.hot-function", hot_function, hot_but_idle, "score_cart" },
	{ "cpu.hot-function", hot_function, cold_cron, "score_cart" },
	{ "cpu.hot-function", dear_at_its_knee, cheap_at_its_knee, "score_cart" },
	{ "cpu.hot-function", dear_at_its_knee, dear_as_asked_for, "score_cart" },
	{ "cpu.event-loop", node_traced_below, node_traced_at_most, "main loop of node (pid 100)" },
	{ "cpu.event-loop", node_blocked, node_calm, "main loop of node (pid 100)" },
	{ "cpu.event-loop", node_blocked, node_preempted, "main loop of node (pid 100)" },
	{ "cpu.event-loop", node_blocked, nginx_full, "main loop of node (pid 100)" },
	{ "cpu.single-thread", one_thread, two_threads, "thread worker (101)" },
	{ "cpu.single-thread", threads_in_turn, threads_at_once, "interpreter lock of pid 100" },
	{ "cpu.single-thread", turns_for_one, threads_at_once, "interpreter lock of pid 100 (held in parse)" },
	{ "cpu.single-thread", turns_on_a_full_host, host_full, "interpreter lock of pid 100" },
	{ "cpu.throttled", throttled, not_throttled, "CPU quota of 0.5 cores" },
	{ "cpu.throttled", throttled_above, missed_below_quota, "CPU quota of 0.5 cores" },
	{ "cpu.saturated", host_full, host_full_of_generator, "4 CPUs of the host" },
	{ "cpu.hot-function", compresses, cold_cron, "draw_lines (deflate in libz.so.1)" },
	{ "cpu.contended-host", beside_a_build, beside_little, "make (3 processes)" },
	{ "cpu.contended-host", beside_a_build, beside_its_database, "make (3 processes)" },
};

const struct fault_family faults_cpu = { rows, sizeof(rows) / sizeof(rows[0]) };
