/* SPDX-License-Identifier: MIT */
/* What recording costs a service while it goes on: the collector's windows open and close in turn, many
 * times, under a load that stays as it is.
 *
 * usage: toggle [--probes] PORT PERIOD_MS TURNS PID...
 * --probes: OpenSSL and SQLite are probed too, which takes its time to go.
 * Prints: turns, milliseconds of the service's CPU a second without, the ratio with to without as the
 * geometric mean over turns (each beside its two neighbours) and its standard error, the ratio as the
 * collector itself says, and events a second. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/run.h"
#include "symbol/symbol.h"
#include "trace/clocks.h"
#include "trace/collect.h"
#include "trace/encryption.h"
#include "trace/rings.h"
#include "trace/tasks.h"
#include "trace/toll.h"

enum { TURNS_MAX = 1000, SETTLE_MS = 30, LEAVE_MS = 1500, TICK_MS = 20 };

struct toggle {
	struct collect *collect;
	struct clocks clocks;
	struct run *run;
	int period_ms;
	bool probes;
	uint64_t events;
};

static void
count(void *ctx, const struct ev_head *event, size_t size)
{
	((struct toggle *)ctx)->events += event->epoch && size;
}

static void
pass(struct toggle *t, int ms)
{
	for (int64_t end = now_ns() + ms * NS_PER_MS; now_ns() < end; usleep(TICK_MS * 1000))
		collect_drain(t->collect, count, t);
}

/* CPU of the service a second. */
static double
busy(struct toggle *t)
{
	int64_t cpu = clocks_sum(&t->clocks), began = now_ns();
	pass(t, t->period_ms);
	cpu = clocks_sum(&t->clocks) - cpu;
	return (double)cpu / (double)(now_ns() - began);
}

/* In the library, if it has one. */
static void
probe_sqlite(struct toggle *t, int pid)
{
	char path[64], line[1024], *name;
	struct err ignored = { 0 };
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, " r-xp ") && strstr(line, "libsqlite3") && (name = strchr(line, '/'))) {
			name[strcspn(name, "\n")] = '\0';
			collect_add_sqlite(t->collect, pid, name, &ignored);
			break;
		}
	if (f)
		fclose(f);
}

static int
attach(struct toggle *t, int port, char **pids, int n, struct err *e)
{
	const char *why;
	static struct tasks tasks;
	int code = collect_open(&t->collect, e);
	if (!code)
		code = collect_attach(t->collect, e);
	if (code)
		return code;
	struct symbols *symbols = symbols_new();
	collect_add_port(t->collect, (uint16_t)port);
	tasks_init(&tasks, t->collect);
	for (int i = 0; i < n; i++) {
		char link[64], exe[512] = "";
		struct run_process *p = RUN_ADD(t->run, process, t->run->system.processes, t->run->system.n_processes);
		p->pid = atoi(pids[i]);
		snprintf(link, sizeof(link), "/proc/%d/exe", (int)p->pid);
		if (readlink(link, exe, sizeof(exe) - 1) > 0)
			p->exe = run_str(t->run, exe);
		symbols_see(symbols, (int)p->pid);
		clocks_add(&t->clocks, (int)p->pid);
		collect_add_process(t->collect, (int)p->pid);
		tasks_see(&tasks, (int)p->pid, symbols_runtime(symbols, (int)p->pid));
	}
	for (int i = 0; t->probes && i < n; i++)
		probe_sqlite(t, atoi(pids[i]));
	if (t->probes)
		encryption_open(t->collect, symbols, t->run, &why);
	rings_open(t->collect, t->run);
	return 0;
}

/* The first half of a turn is without, the second with; `plain` has one more at the end. Probes of SQLite
 * are there from the start: they go first. */
static void
take_turns(struct toggle *t, int turns, double *plain, double *traced, double *paid)
{
	collect_window_close(t->collect, true);
	pass(t, t->probes ? LEAVE_MS : SETTLE_MS);
	for (int i = 0; i < turns; i++) {
		plain[i] = busy(t);
		collect_window_open(t->collect);
		pass(t, SETTLE_MS);
		int64_t cpu = clocks_sum(&t->clocks), before = collect_paid(t->collect);
		traced[i] = busy(t);
		paid[i] = toll_share(clocks_sum(&t->clocks) - cpu, collect_paid(t->collect) - before);
		collect_window_close(t->collect, true);
		pass(t, t->probes ? LEAVE_MS : SETTLE_MS);
	}
	plain[turns] = busy(t);
}

static void
tell(const struct toggle *t, int turns, const double *plain, const double *traced, const double *paid)
{
	double sum = 0, squares = 0, base = 0, said = 0;
	for (int i = 0; i < turns; i++) {
		double ratio = log(traced[i] / sqrt(plain[i] * plain[i + 1]));
		sum += ratio;
		squares += ratio * ratio;
		base += plain[i] / turns;
		said += paid[i] / turns;
	}
	double mean = sum / turns, variance = (squares / turns - mean * mean) * turns / (turns - 1);
	printf("%d turns, %.2f ms/s plain, ratio %.4f, error %.4f, said %.4f, %.0f events/s\n", turns, base * 1e3,
	    exp(mean), sqrt(variance / turns), 1 + said, (double)t->events / turns / (t->period_ms + SETTLE_MS) * 1e3);
}

int
main(int argc, char **argv)
{
	static double plain[TURNS_MAX + 1], traced[TURNS_MAX], paid[TURNS_MAX];
	struct toggle t = { .probes = argc > 1 && !strcmp(argv[1], "--probes"), .run = run_new() };
	struct err e = { 0 };
	argc -= t.probes;
	argv += t.probes;
	t.period_ms = argc > 2 ? atoi(argv[2]) : 0;
	int turns = argc > 4 ? atoi(argv[3]) : 0;
	t.clocks.arena = t.run->arena;
	if (turns < 2 || turns > TURNS_MAX || t.period_ms < 1) {
		fprintf(stderr, "usage: toggle [--probes] PORT PERIOD_MS TURNS PID...\n");
		return 2;
	}
	if (attach(&t, atoi(argv[1]), argv + 4, argc - 4, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	take_turns(&t, turns, plain, traced, paid);
	collect_close(t.collect);
	tell(&t, turns, plain, traced, paid);
	return 0;
}
