/* SPDX-License-Identifier: MIT */
/* How long it takes to name stacks of a Node or Java process, from nothing: no table of symbols or of
 * frames was read before, no object of the heap seen.
 *
 * usage: cold_stacks PID [HOW MANY]
 * Takes copies of stacks by perf until it has so many, then unwinds and names them with fresh
 * tables. Prints: stacks, frames, those of functions of its language, torn ones, milliseconds for all, of
 * CPU, for the first, and microseconds for each of them once more. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "trace/node.h"
#include "trace/perf_ring.h"
#include "trace/stacks.h"

enum { STACK_BYTES = 32768, STACKS_MAX = 1000, FRAMES_MAX = 256 };

struct copy { struct symbol_regs regs; size_t size; uint8_t *stack; };

struct copies { struct copy items[STACKS_MAX]; size_t n, max; int pid; };

struct counts { size_t frames, script; int64_t first_ns; };

static void
take(void *ctx, const struct perf_sample *s)
{
	struct copies *c = ctx;
	if (c->n >= c->max || s->pid != c->pid || !s->ip)
		return;
	struct copy *to = &c->items[c->n++];
	to->regs = (struct symbol_regs){ .ip = s->ip, .sp = s->sp, .bp = s->bp };
	to->size = s->stack_size;
	to->stack = malloc(s->stack_size + 1);
	if (!to->stack)
		abort();
	memcpy(to->stack, s->stack, s->stack_size);
}

static int
collect(struct copies *c, struct err *e)
{
	struct perf_options o = { .hz = 999, .stack_bytes = STACK_BYTES, .pids = &c->pid, .n_pids = 1 };
	struct perf_set *set;
	int code = perf_set_open(&o, &set, e);
	if (code)
		return code;
	perf_set_enable(set, true);
	for (int64_t until = now_ns() + 20 * NS_PER_S; c->n < c->max && now_ns() < until; ) {
		usleep(10000);
		perf_set_drain(set, take, c);
	}
	perf_set_close(set);
	return 0;
}

static bool
is_script(const struct frame *f)
{
	return !strcmp(f->language, "javascript") || (!strcmp(f->language, "java") && f->named);
}

static void
name_copy(struct symbols *symbols, struct stacks *stacks, const struct copies *c, size_t i,
    struct counts *counts)
{
	uint64_t ips[FRAMES_MAX];
	bool rooted;
	const struct copy *copy = &c->items[i];
	size_t n = symbols_unwind(symbols, c->pid, &copy->regs, copy->stack, copy->size, ips,
	    FRAMES_MAX, &rooted);
	uint32_t stack = stacks_add(stacks, c->pid, NULL, 0, ips, n, NULL, 0, rooted);
	for (size_t k = 0; k < stacks->items[stack].n; k++)
		counts->script += is_script(stacks_frame(stacks, stack, k));
	counts->frames += stacks->items[stack].n;
}

static int64_t
cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int
name_all(const struct copies *c, struct err *e)
{
	struct counts counts = { 0 };
	struct nodes_counts nodes_seen;
	struct stacks stacks;
	int64_t begin = now_ns(), cpu = cpu_ns();
	struct symbols *symbols = symbols_new();
	stacks_init(&stacks, symbols);
	struct nodes *nodes = nodes_new(symbols, &stacks);
	symbols_see(symbols, c->pid);
	int code = nodes_add(nodes, c->pid, e);
	code = code == -ENOENT ? 0 : code;       /* of Java the symbols know by themselves */
	for (size_t i = 0; i < c->n && !code; i++) {
		name_copy(symbols, &stacks, c, i, &counts);
		if (i == 0)
			counts.first_ns = now_ns() - begin;
	}
	int64_t all = now_ns() - begin;
	cpu = cpu_ns() - cpu;
	nodes_counts(nodes, &nodes_seen);
	struct counts again = { 0 };
	int64_t warm = cpu_ns();
	for (size_t i = 0; i < c->n && !code; i++)
		name_copy(symbols, &stacks, c, i, &again);
	warm = cpu_ns() - warm;
	nodes_free(nodes);
	stacks_done(&stacks);
	symbols_free(symbols);
	if (!code)
		printf("%zu stacks, %zu frames, %zu of the language, %lld torn, %.1f ms, CPU %.1f ms, first "
		    "%.1f ms, again %.0f us each\n", c->n, counts.frames, counts.script, (long long)nodes_seen.torn,
		    (double)all / 1e6, (double)cpu / 1e6, (double)counts.first_ns / 1e6,
		    (double)warm / 1e3 / (double)c->n);
	return code;
}

int
main(int argc, char **argv)
{
	static struct copies copies;
	struct err e = { 0 };
	copies.pid = argc > 1 ? atoi(argv[1]) : 0;
	copies.max = argc > 2 ? (size_t)atoi(argv[2]) : 200;
	if (copies.pid <= 0 || copies.max > STACKS_MAX) {
		fprintf(stderr, "usage: cold_stacks PID [HOW MANY, at most %d]\n", STACKS_MAX);
		return 2;
	}
	if (collect(&copies, &e) || name_all(&copies, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	for (size_t i = 0; i < copies.n; i++)
		free(copies.items[i].stack);
	return 0;
}
