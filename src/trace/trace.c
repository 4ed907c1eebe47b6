/* SPDX-License-Identifier: MIT */
/* The ladder and the thread that drains.
 *
 * Every 20 ms the thread takes the collector's events and the sampler's stacks onto the tape and
 * decides whether to go on recording (pace). What it does in a window's end needs the collector
 * still running: threads that sleep through it have sent nothing and are asked for. */
#include "trace/trace.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/proc_text.h"
#include "trace/assemble.h"
#include "trace/clocks.h"
#include "trace/collect.h"
#include "trace/cures.h"
#include "trace/encryption.h"
#include "trace/eyes.h"
#include "trace/goroutines.h"
#include "trace/intake.h"
#include "trace/java_waits.h"
#include "trace/jvm.h"
#include "trace/node.h"
#include "trace/pace.h"
#include "trace/probing.h"
#include "trace/proc_watch.h"
#include "trace/rehearsal.h"
#include "trace/rings.h"
#include "trace/sampler.h"
#include "trace/sleepers.h"
#include "trace/summary.h"
#include "trace/task_waits.h"
#include "trace/tasks.h"
#include "trace/toll.h"

#define TICK_NS            (20 * NS_PER_MS)
#define HASTE_NS           (4 * NS_PER_MS)
#define HASTE_BYTES        (EV_RING_BYTES / 8)   /* taken at once: there may be more before the next tick */
#define DRAIN_NICE         (-10)
#define RECORDS_PRESET     96000   /* with what is made of them some 30 MiB */
#define HORIZON_MAX_S      3600
#define STACK_PERIOD_MIN   NS_PER_MS
#define STACKS_PER_S_MAX   1000
#define STACKS_PER_S_MIN   250
#define PAUSE_LONG_NS      NS_PER_S

#define NODE_TORN_MAX      0.5
#define CURE_NODE_FLAG "start it as node --perf-basic-prof ..."

#define CURE_SWITCH    "prony check without the option that switches tracing off"
#define CURE_ENCRYPTION "let prony check a plain http:// port of the service"

struct trace {
	struct collect *collect;   /* NULL: lower rung */
	struct sampler *sampler;   /* NULL: not allowed */
	struct proc_watch *watch;  /* only without collector */
	struct symbols *symbols;
	struct jvm *jvm;
	struct goroutines *goroutines;
	int goroutines_lost;       /* of a Go program: -errno */
	bool go;
	bool encrypted;            /* its requests are, and cannot be read */
	struct stacks stacks;
	struct nodes *nodes;
	int node_why;              /* a Node process whose functions cannot be read: -errno, and why */
	const char *node_text;
	struct tape tape;
	struct intake intake;
	struct pace pace;
	struct tasks tasks;
	struct map known;          /* processes */
	int *pids;                 size_t n_pids;
	size_t named;              /* threads whose name was read */
	struct arena *arena;
	pthread_t thread;
	bool running;
	atomic_bool stop;
	int64_t started, stopped;
	int64_t stack_period, stacks_then, second;
	int64_t cpu_last;          /* of the service, when tracing ended */
	struct clocks clocks;      /* of the service */
	struct toll toll, window_toll;   /* since tracing began, since the window opened */
	size_t drained;            /* bytes, the last time */
	int64_t drain_cpu_ns;
	struct rehearsal rehearsal;
	uint64_t dropped_then;     /* in it */
	int64_t samples_lost, samples_missed;
};

/* ---- opening ------------------------------------------------------------------------------- */

static void
know_parent(struct trace *t, int pid)
{
	struct proc_stat stat;
	char text[1024];
	if (file_peek(text, sizeof(text), "/proc/%d/stat", pid) > 0 && proc_parse_stat(text, &stat))
		tape_forked(&t->tape, pid, stat.parent);
}

static void
know_process(struct trace *t, int pid)
{
	bool new;
	map_at(&t->known, &pid, sizeof(pid), &new);
	if (!new)
		return;
	know_parent(t, pid);
	*ARENA_PUSH(t->arena, t->pids, t->n_pids) = pid;
	clocks_add(&t->clocks, pid);
	symbols_see(t->symbols, pid);
	struct err e = { 0 };
	int code = nodes_add(t->nodes, pid, &e);
	if (code && code != -ENOENT) {
		t->node_why = code;
		t->node_text = arena_strdup(t->arena, e.text);
	}
	*map_at(&t->intake.seen, &pid, sizeof(pid), NULL) = 1;
	jvm_add(t->jvm, pid);
	int go = goroutines_add(t->goroutines, pid);
	t->go |= go != -ENOENT;
	if (go && go != -ENOENT)
		t->goroutines_lost = go;
	if (t->sampler)
		sampler_add(t->sampler, pid);
	tasks_see(&t->tasks, pid, NULL);
}

/* A server that prepares statements may be behind any port that is not known. */
static bool
may_prepare_statements(const struct run *r)
{
	for (size_t i = 0; i < r->system.n_peers; i++) {
		const char *kind = r->system.peers[i].kind;
		if (kind && (!strcmp(kind, "postgresql") || !strcmp(kind, "tcp")))
			return true;
	}
	return false;
}

/* Without requests its waits would be nobody's: then the rung below tells more. */
static int
open_on_clear_text(struct trace *t, struct run *r, struct err *e)
{
	const char *why;
	int code = collect_open(&t->collect, e);
	if (!code)
		code = collect_attach(t->collect, e);
	if (!code && !encryption_open(t->collect, t->symbols, r, &why)) {
		code = err_set(e, ENOTSUP, "%s", why);
		t->encrypted = true;
	}
	if (code) {
		collect_close(t->collect);
		t->collect = NULL;
	}
	return code;
}

static int
open_collector(struct trace *t, struct run *r, struct err *e)
{
	int code = open_on_clear_text(t, r, e);
	if (code)
		return code;
	for (size_t i = 0; i < r->system.n_processes; i++) {
		const struct run_process *p = &r->system.processes[i];
		collect_add_process(t->collect, (int)p->pid);
		for (size_t j = 0; j < p->n_ports; j++)
			collect_add_port(t->collect, (uint16_t)p->ports[j]);
	}
	tasks_init(&t->tasks, t->collect);
	t->intake.pythons = &t->tasks.pythons;
	for (size_t i = 0; i < r->system.n_processes; i++)
		tasks_see(&t->tasks, (int)r->system.processes[i].pid, r->system.processes[i].runtime);
	if (may_prepare_statements(r))
		collect_names(t->collect);
	symbols_set_returns(t->symbols, collect_return, t->collect);
	probing_open(t->collect, t->symbols, r);
	rings_open(t->collect, r);
	t->tape.arrivals = collect_has_arrivals(t->collect);
	if (!collect_has_streams())
		run_eye(r, "HTTP/2", false, "requests over HTTP/2 are not seen", "a kernel from 5.17 on");
	run_eye(r, "socket queue", t->tape.arrivals, t->tape.arrivals ?
	    "arrival of requests in the kernel, by BPF" : "requests begin when they are read",
	    "a kernel with the tcp_probe tracepoint");
	return 0;
}

static void
open_sampler(struct trace *t, struct run *r, double hz)
{
	struct err e = { 0 };
	struct sampler_options o = { .hz = hz };
	if (sampler_open(&o, t->pids, t->n_pids, t->symbols, &t->sampler, &e)) {
		t->sampler = NULL;
		eyes_sampler(r, e.text, cure_sampler(t->n_pids ? t->pids[0] : 0), false);
		return;
	}
	eyes_sampler(r, NULL, NULL, sampler_is_system_wide(t->sampler));
	if (sampler_is_system_wide(t->sampler))
		eyes_kernel(r);
}

static const char *
mode_of(const struct trace *t)
{
	return t->collect ? "bpf" : t->sampler ? "perf" : t->watch ? "proc" : "none";
}

/* Without the collector what threads wait for is sampled. */
static void
open_watch(struct trace *t, struct run *r)
{
	bool may = proc_watch_may(t->pids[0]);

	t->watch = proc_watch_new(&t->intake, r, !t->sampler);
	run_eye(r, "waits", may, may ? "system calls and stacks of sleeping threads, sampled from /proc" :
	    "locks, disk and network waits are not told apart: system calls of its threads may not be read",
	    cure_read());
}

int
trace_open(struct run *r, const struct trace_options *o, struct trace **ret, struct err *e)
{
	struct trace *t = calloc(1, sizeof(*t));
	int ceiling = o ? o->ceiling : 0;
	if (!t)
		return err_set(e, ENOMEM, "cannot trace: out of memory");
	t->arena = t->clocks.arena = arena_new();
	t->symbols = symbols_new();
	t->jvm = jvm_new();
	t->goroutines = goroutines_new(t->symbols, &t->stacks);
	t->stack_period = STACK_PERIOD_MIN;
	if (r->spec.measure_seconds > 0 && r->spec.measure_seconds < HORIZON_MAX_S)
		t->pace.horizon = (int64_t)(r->spec.measure_seconds * 1e9);
	tape_init(&t->tape, o && o->budget_events > 0 ? (size_t)o->budget_events : RECORDS_PRESET);
	t->tape.literals = r->spec.literals;
	stacks_init(&t->stacks, t->symbols);
	t->nodes = nodes_new(t->symbols, &t->stacks);
	intake_init(&t->intake, &t->tape, &t->stacks, t->symbols);
	for (size_t i = 0; i < r->spec.n_urls; i++)
		intake_literal(&t->intake, r->spec.urls[i]);
	for (size_t i = 0; i < r->system.n_processes; i++)
		know_process(t, (int)r->system.processes[i].pid);
	struct err why = { 0 };
	if (t->n_pids && ceiling < 1 && open_collector(t, r, &why))
		eyes_collector(r, why.text, t->encrypted ? CURE_ENCRYPTION : cure_collector(&why));
	else if (t->n_pids)
		eyes_collector(r, t->collect ? NULL : "switched off", CURE_SWITCH);
	if (t->n_pids && ceiling < 2)
		open_sampler(t, r, o ? o->sample_hz : 0);
	else if (t->n_pids)
		eyes_sampler(r, "switched off", CURE_SWITCH, false);
	if (t->collect || t->sampler)
		eyes_java(r, t->symbols, t->pids, t->n_pids);
	if (t->n_pids && !t->collect && ceiling < 3)
		open_watch(t, r);
	if ((t->collect || t->watch) && t->go)
		eyes_go(r, t->goroutines_lost);
	r->evidence.trace.mode = mode_of(t);
	*ret = t;
	return 0;
}

/* ---- draining ------------------------------------------------------------------------------ */

static void
on_event(void *ctx, const struct ev_head *event, size_t size)
{
	intake_event(ctx, event, size);
}

static void
on_sample(void *ctx, const struct sampler_sample *sample)
{
	intake_sample(ctx, sample);
}

/* Samples lost between windows are missed by nobody. */
static void
drain_samples(struct trace *t, bool missed)
{
	struct sampler_counts counts = { 0 };

	if (!t->sampler)
		return;
	sampler_drain(t->sampler, on_sample, &t->intake);
	sampler_counts(t->sampler, &counts);
	t->samples_missed += missed ? counts.lost - t->samples_lost : 0;
	t->samples_lost = counts.lost;
}

static void
drain(struct trace *t)
{
	if (t->collect)
		t->drained = collect_drain(t->collect, on_event, &t->intake);
	drain_samples(t, !t->collect || t->pace.open);
}

static void
window_open(struct trace *t)
{
	int64_t began = collect_window_open(t->collect);   /* with dear probes it may take seconds */
	drain_samples(t, false);
	tape_window_begin(&t->tape, began);
	toll_open(&t->window_toll, began, clocks_sum(&t->clocks), collect_paid(t->collect));
}

static void
window_close(struct trace *t, bool for_long)
{
	int64_t full = collect_full_at(t->collect), now = full ? full : now_ns();
	sleepers_record(t->collect, &t->tape, now);
	collect_window_close(t->collect, for_long);
	drain(t);
	intake_window_end(&t->intake, now);
	tape_window_end(&t->tape, now);
}

/* New threads get a name, new processes are followed. */
static void
meet_threads(struct trace *t)
{
	for (; t->named < t->tape.n_threads; t->named++) {
		struct tape_thread *thread = &t->tape.threads[t->named];
		if (file_peek(thread->name, sizeof(thread->name), "/proc/%d/task/%d/comm", thread->pid,
		    thread->tid) > 0)
			thread->name[strcspn(thread->name, "\n")] = '\0';
		know_process(t, thread->pid);
	}
}

static void
each_second(struct trace *t, int64_t now)
{
	if (now - t->second < NS_PER_S)
		return;
	int64_t sent = t->intake.stack_events + (int64_t)collect_stacks_lost(t->collect);
	int64_t stacks = sent - t->stacks_then;
	t->second = now;
	t->stacks_then = sent;
	if (stacks > STACKS_PER_S_MAX)
		t->stack_period *= 2;
	else if (stacks < STACKS_PER_S_MIN && t->stack_period > STACK_PERIOD_MIN)
		t->stack_period /= 2;
	collect_set_stack_period(t->collect, t->stack_period);
	tasks_see_threads(&t->tasks);
}

static void
tick(struct trace *t, int64_t now)
{
	drain(t);
	meet_threads(t);
	if (t->collect ? t->pace.open : t->watch != NULL)
		goroutines_look(t->goroutines, &t->tape, now);
	if (t->watch)
		proc_watch_tick(t->watch, t->pids, t->n_pids, now);
	if (!t->collect)
		return;
	each_second(t, now);
	t->pace.cut = t->pace.open && collect_full_at(t->collect);
	if (t->pace.open)
		t->pace.excess = toll_excess(&t->window_toll, now, clocks_sum(&t->clocks),
		    collect_paid(t->collect));
	switch (pace_step(&t->pace, now, t->tape.n, t->tape.max)) {
	case PACE_OPEN: window_open(t); break;
	case PACE_CLOSE: window_close(t, t->pace.pause >= PAUSE_LONG_NS); break;
	case PACE_GO_ON: break;
	}
}

/* Until the next tick; a busy service fills the ring before it. */
static void
rest(struct trace *t, int64_t until)
{
	while (t->drained > HASTE_BYTES && now_ns() + HASTE_NS < until) {
		sleep_until_ns(now_ns() + HASTE_NS);
		drain(t);
	}
	sleep_until_ns(until);
}

static void *
drain_thread(void *arg)
{
	struct trace *t = arg;
	pthread_setname_np(pthread_self(), "prony-trace");
	/* Where service and generator take all there is, it would wait for a CPU while the ring overflows. Who
	 * may not ask for that is not let down: the window is cut. */
	nice(DRAIN_NICE);
	for (int64_t next = now_ns(); !atomic_load(&t->stop); ) {
		tick(t, now_ns());
		next += TICK_NS;
		rest(t, next);
	}
	if (t->collect && t->pace.open)
		window_close(t, true);
	drain(t);
	meet_threads(t);
	t->drain_cpu_ns = thread_cpu_ns();
	return NULL;
}

/* ---- before it ----------------------------------------------------------------------------- */

bool
trace_leave_dear(struct trace *t)
{
	if (!t->collect || !collect_has_dear(t->collect))
		return false;
	collect_leave_dear(t->collect);
	return true;
}

int
trace_rehearse_begin(struct trace *t, struct err *e)
{
	return rehearsal_begin(&t->rehearsal, t->collect, e);
}

void
trace_rehearse_end(struct trace *t)
{
	rehearsal_end(&t->rehearsal);
	t->dropped_then = collect_dropped(t->collect);
}

int
trace_start(struct trace *t, struct err *e)
{
	if (!t->n_pids)
		return 0;
	t->pace.pause_least = t->collect && collect_has_dear(t->collect) ? PAUSE_LONG_NS : 0;
	t->started = t->second = now_ns();
	toll_open(&t->toll, t->started, clocks_sum(&t->clocks), t->collect ? collect_paid(t->collect) : 0);
	if (t->sampler)
		sampler_start(t->sampler);
	jvm_start(t->jvm);
	int code = pthread_create(&t->thread, NULL, drain_thread, t);
	if (code)
		return err_set(e, code, "cannot start the tracing thread: %s", strerror(code));
	t->running = true;
	return 0;
}

/* ---- the end ------------------------------------------------------------------------------- */

static void
stop_thread(struct trace *t)
{
	if (!t->running)
		return;
	atomic_store(&t->stop, true);
	pthread_join(t->thread, NULL);
	t->running = false;
	t->stopped = now_ns();
	t->cpu_last = clocks_sum(&t->clocks);
	jvm_stop(t->jvm);
	if (t->sampler)
		sampler_stop(t->sampler);
}

static void
fill_costs(struct trace *t, struct run *r)
{
	struct run_trace *out = &r->evidence.trace;
	double wall = ns_to_s(t->stopped - t->started);
	double traced = t->collect ? tape_seconds(&t->tape) : wall;
	int64_t paid = t->collect ? collect_paid(t->collect) - t->toll.paid : 0;

	out->seconds = traced;
	out->overhead_cpu = wall > 0 ? ns_to_s(t->drain_cpu_ns + paid) / wall : 0;
	out->added = t->collect ? toll_share(t->cpu_last - t->toll.cpu, paid) : NAN;
	out->dropped = t->samples_missed + (t->collect ? (int64_t)(collect_dropped(t->collect) - t->dropped_then) : 0) +
	    (int64_t)t->tape.lost;
}

static int
fill(struct trace *t, struct run *r, struct err *e)
{
	jvm_fill(t->jvm, &t->tape, r);
	java_waits_settle(&t->intake);
	for (size_t i = 0; i < r->system.n_processes; i++)
		if (r->system.processes[i].behind)
			tape_put_behind(&t->tape, (int)r->system.processes[i].pid);
	struct assembly *a = assemble(&t->tape);
	task_waits_settle(&t->intake, a, TASK_WAIT_PERIOD_NS);
	struct summary *s = summary_new(a, &t->intake, r, t->sampler ? sampler_period_ns(t->sampler) :
	    t->watch ? TICK_NS : 0);
	if (t->collect) {
		summary_routes(s);
		summary_exemplars(s);
		summary_waits(s);
		summary_loaders(s);
		summary_threads(s);
		summary_gc(s);
		probing_kept(t->collect, r, t->started);
		summary_queries(s);
		summary_released(s);
		summary_calls(s);
		summary_pieces(s);
	}
	summary_sites(s);
	summary_functions(s);
	summary_bursts(s);
	summary_stacks(s);
	int code = summary_files(s, t->stopped - t->started, e);
	if (!code)
		code = summary_requests(s, e);
	summary_free(s);
	assembly_free(a);
	return code;
}

/* Nothing is said where no Node process ran its code. */
static void
node_eye(struct trace *t, struct run *r)
{
	struct nodes_counts c;
	nodes_counts(t->nodes, &c);
	if (t->node_why)
		eyes_node(r, t->node_text, t->node_why == -ENOTSUP ? CURE_NODE_FLAG : cure_read(), false);
	else if (c.frames && (double)c.torn > NODE_TORN_MAX * (double)c.frames)
		eyes_node(r, "most functions moved while they were read", CURE_NODE_FLAG, false);
	else if (c.frames)
		eyes_node(r, NULL, NULL, c.coarse);
}

int
trace_stop(struct trace *t, struct run *r, struct err *e)
{
	stop_thread(t);
	if (!t->n_pids)
		return 0;
	r->evidence.trace.mode = mode_of(t);
	fill_costs(t, r);
	node_eye(t, r);
	if (t->collect)
		encryption_end(t->collect, r);
	if (t->collect)
		probing_end(t->collect, r);
	if (t->watch)
		proc_watch_fill(t->watch, r, t->stopped);
	return fill(t, r, e);
}

void
trace_close(struct trace *t)
{
	if (!t)
		return;
	stop_thread(t);
	tasks_done(&t->tasks);
	collect_close(t->collect);
	sampler_close(t->sampler);
	proc_watch_free(t->watch);
	intake_done(&t->intake);
	nodes_free(t->nodes);
	stacks_done(&t->stacks);
	tape_done(&t->tape);
	jvm_free(t->jvm);
	goroutines_free(t->goroutines);
	symbols_free(t->symbols);
	map_done(&t->known);
	arena_free(t->arena);
	free(t);
}

void
trace_probe_eyes(struct run *r)
{
	struct collect *c = NULL;
	struct sampler *s = NULL;
	struct symbols *symbols = symbols_new();
	struct err e = { 0 }, why = { 0 };
	int self = getpid();

	int code = collect_open(&c, &e);
	if (!code)
		code = collect_attach(c, &e);
	eyes_collector(r, code ? e.text : NULL, cure_collector(&e));
	collect_close(c);
	code = sampler_open(NULL, &self, 1, symbols, &s, &why);
	eyes_sampler(r, code ? why.text : NULL, cure_sampler(getpid()), !code && sampler_is_system_wide(s));
	if (!code)
		sampler_close(s);
	symbols_free(symbols);
}
