/* SPDX-License-Identifier: MIT */
/* What takes memory: collectors, fresh pages, allocators, swap, leaks. */
#include "faults_by_hand.h"

#include "base/arena.h"
#include "service_by_hand.h"

struct run *collects(void) { return painted(PART_GC, NULL, 0.4); }
static struct run *collects_little(void) { return painted(PART_GC, NULL, 0.02); }

/* A loop that allocates: little of it is collecting, much is bringing in the pages that were given back. */
static struct run *
loop_allocates(int64_t collections)
{
	struct run *r = service("node");
	struct run_trace *t = &r->evidence.trace;
	struct run_thread *main_loop = thread(r, "node", 0.5);
	main_loop->loop = true;
	main_loop->longest_run = 0.5;
	part(r, PART_CPU, "history", 0.6);
	part(r, PART_FAULT, NULL, 0.12);
	part(r, PART_GC, NULL, 0.08);
	part(r, PART_OTHER, "rest", 0.2);
	function(r, "history", "javascript", 0.1, true);
	stack(r, "main;history;asm_exc_page_fault;exc_page_fault;handle_mm_fault", 4);
	stack(r, "main;history", 1);
	t->seconds = 10;
	struct run_gc *gc = RUN_ADD(r, gc, t->gc, t->n_gc);
	gc->runtime = "node";
	gc->collections = collections;
	gc->seconds = 0.6;
	gc->longest = 0.025;
	return r;
}

static struct run *heap_churns(void) { return loop_allocates(58); }
static struct run *heap_rests(void) { return loop_allocates(2); }
static struct run *faults(void) { return painted(PART_FAULT, NULL, 0.4); }
static struct run *faults_little(void) { return painted(PART_FAULT, NULL, 0.02); }
#define FAULT_PATH "main;worker;draw_lines;asm_exc_page_fault;exc_page_fault;clear_page_erms"
#define MALLOC_PATH "main;worker;draw_lines;malloc;_int_malloc"
static struct run *fresh_pages(void) { return memory_work(FAULT_PATH, 0.6); }
static struct run *few_fresh_pages(void) { return memory_work(FAULT_PATH, 0.05); }
static struct run *allocates(void) { return memory_work(MALLOC_PATH, 0.6); }
static struct run *allocates_little(void) { return memory_work(MALLOC_PATH, 0.05); }

static struct run *
swapping(double bytes)
{
	struct run *r = faults();
	series(r, "service_swap_bytes", bytes);
	series(r, "service_major_faults_per_second", 300);
	return r;
}

static struct run *swaps(void) { return swapping(1e8); }
static struct run *swaps_not(void) { return swapping(0); }

struct run *
growing(double slope, double later)
{
	struct run *r = painted(PART_OTHER, "nothing much", 0.3);
	struct run_series *s = series(r, "service_rss_bytes", 100e6);
	s->slope_per_s = slope;
	s->slope_low = 0.9 * slope;
	s->slope_high = 1.1 * slope;
	for (int i = 0; i < 20; i++)
		*ARENA_PUSH(r->arena, s->points, s->n_points) = 100e6
		    + slope * (i < 15 ? i : 15 + (i - 15) * later);
	return r;
}

struct run *leak(void) { return growing(2e6, 1); }
struct run *cache_fills(void) { return growing(2e6, 0.1); }

static const struct fault rows[] = {
	{ "memory.gc", collects, collects_little, "garbage collector of native" },
	{ "memory.gc", heap_churns, heap_rests, "garbage collector of node" },
	{ "memory.page-fault", faults, faults_little, "page faults" },
	{ "memory.page-fault", fresh_pages, few_fresh_pages, "draw_lines" },
	{ "memory.alloc", allocates, allocates_little, "draw_lines" },
	{ "memory.swap", swaps, swaps_not, "swap" },
	{ "memory.leak", leak, cache_fills, "memory of shop" },
};

const struct fault_family faults_memory = { rows, sizeof(rows) / sizeof(rows[0]) };
