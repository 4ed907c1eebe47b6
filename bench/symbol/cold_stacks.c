/* SPDX-License-Identifier: MIT */
/* How long the first 200 stacks of a process take to get names, with nothing known before.
 * usage: cold_stacks PID [STACKS] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "symbol/symbol.h"
#include "trace/perf_ring.h"

enum { HZ = 499, STACK_BYTES = 32768, STACKS = 200, STACKS_MAX = 5000, IPS_MAX = 256, WAIT_MS = 200,
	WAITS = 300 };

struct copy { struct symbol_regs regs; uint8_t *stack; size_t size; int pid; };

static struct copy copies[STACKS_MAX];
static size_t n_copies, wanted = STACKS;

static void
keep(void *ctx, const struct perf_sample *s)
{
	if (n_copies == wanted || !s->ip || s->pid != *(int *)ctx)
		return;
	struct copy *c = &copies[n_copies++];
	*c = (struct copy){ .regs = { .ip = s->ip, .sp = s->sp, .bp = s->bp }, .size = s->stack_size,
		.stack = malloc(s->stack_size + 1), .pid = s->pid };
	if (!c->stack)
		abort();
	memcpy(c->stack, s->stack, s->stack_size);
}

static int
collect(int pid)
{
	struct err e = { 0 };
	struct perf_set *set;
	struct perf_options o = { .hz = HZ, .stack_bytes = STACK_BYTES, .wake = true, .pids = &pid, .n_pids = 1 };
	if (perf_set_open(&o, &set, &e) < 0) {
		fprintf(stderr, "cold_stacks: %s\n", e.text);
		return 1;
	}
	perf_set_enable(set, true);
	for (int i = 0; n_copies < wanted && i < WAITS; i++) {
		perf_set_wait(set, WAIT_MS);
		perf_set_drain(set, keep, &pid);
	}
	perf_set_close(set);
	return 0;
}

static double
cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int
main(int argc, char **argv)
{
	uint64_t ips[IPS_MAX];
	size_t frames = 0, rooted = 0, named = 0, whole = 0;
	if (argc < 2)
		return 2;
	wanted = argc > 2 && atoi(argv[2]) > 0 && atoi(argv[2]) < STACKS_MAX ? (size_t)atoi(argv[2]) : STACKS;
	if (collect(atoi(argv[1])))
		return 1;
	int64_t began = now_ns();
	double cpu = cpu_ms();
	struct symbols *s = symbols_new();
	for (size_t i = 0; i < n_copies; i++) {
		bool root, all = true;
		size_t n = symbols_unwind(s, copies[i].pid, &copies[i].regs, copies[i].stack, copies[i].size,
		    ips, IPS_MAX, &root);
		for (size_t k = 0; k < n; k++) {
			struct symbol symbol;
			symbols_name(s, copies[i].pid, ips[k], k == 0, &symbol);
			named += symbol.named;
			all &= symbol.named;
		}
		frames += n;
		rooted += root;
		whole += all && root;
	}
	double ms = (double)(now_ns() - began) / 1e6;
	cpu = cpu_ms() - cpu;
	symbols_free(s);
	printf("%zu stacks, %zu frames: %.1f ms, %.1f ms of CPU; %.1f %% rooted, %.1f %% of the frames named, "
	    "%.1f %% complete\n", n_copies, frames, ms, cpu, n_copies ? 100.0 * (double)rooted / (double)n_copies : 0,
	    frames ? 100.0 * (double)named / (double)frames : 0,
	    n_copies ? 100.0 * (double)whole / (double)n_copies : 0);
	return 0;
}
