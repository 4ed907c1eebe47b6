/* SPDX-License-Identifier: MIT */
/* Requests by hand, of which some are in a function: how many of them, and how many at a time. */
#include "trace/summary.h"

#include "base/clock.h"
#include "check.h"

#define THREADS   4
#define PERIOD_NS (5 * NS_PER_MS)
#define LONG      4            /* samples of a visit: 20 ms */

struct bench {
	struct tape tape;
	struct assembly assembly;
	struct summary summary;
	struct run *run;
};

static void
setup_bench(struct bench *b)
{
	*b = (struct bench){ .run = run_new() };
	tape_init(&b->tape, 100000);
	tape_window_begin(&b->tape, 0);
	b->assembly = (struct assembly){ .tape = &b->tape, .arena = arena_new() };
	for (int i = 0; i < THREADS; i++)
		tape_thread(&b->tape, 1, 10 + i);
	struct run_function *f = RUN_ADD(b->run, function, b->run->evidence.trace.functions,
	    b->run->evidence.trace.n_functions);
	f->name = "rebuild";
	f->application = true;
	b->run->evidence.trace.seconds = 10;
}

/* A request of 50 ms on a thread, which is in the function for the first `samples` periods. */
static void
request(struct bench *b, uint32_t thread, int64_t from_ms, int samples)
{
	struct assembly *a = &b->assembly;
	uint32_t segment = (uint32_t)a->n_segments;
	int64_t from = from_ms * NS_PER_MS;

	*ARENA_PUSH(a->arena, a->segments, a->n_segments) = (struct segment){ .start = from,
		.end = from + 50 * NS_PER_MS, .thread = thread, .next = NOBODY };
	*ARENA_PUSH(a->arena, a->spans, a->n_spans) = (struct span){ .arrival = from, .read = from,
		.end = from + 50 * NS_PER_MS, .thread = thread, .first = segment, .last = segment,
		.complete = true };
	for (int i = 0; i < samples; i++)
		*ARENA_PUSH(b->tape.arena, b->tape.samples, b->tape.n_samples) = (struct tape_sample){
			.time = from + i * PERIOD_NS, .thread = thread, .stack = 1 };
}

/* What is told of the function. */
static const struct run_function *
tell(struct bench *b)
{
	struct summary *s = &b->summary;
	struct stack_view views[2] = { [1] = { .function = tape_name(&b->tape, "rebuild"), .known = true } };
	uint32_t *samples[THREADS] = { NULL };
	size_t n_samples[THREADS] = { 0 };

	*s = (struct summary){ .a = &b->assembly, .r = b->run, .arena = arena_new(), .views = views,
		.sample_seconds = ns_to_s(PERIOD_NS), .samples = samples, .n_samples = n_samples };
	for (size_t i = 0; i < b->tape.n_samples; i++) {
		uint32_t thread = b->tape.samples[i].thread;
		*ARENA_PUSH(s->arena, samples[thread], n_samples[thread]) = (uint32_t)i;
	}
	summary_bursts(s);
	return &b->run->evidence.trace.functions[0];
}

static void
clear(struct bench *b)
{
	arena_free(b->summary.arena);
	arena_free(b->assembly.arena);
	tape_done(&b->tape);
	run_free(b->run);
}

/* 25 times, on all threads at once or one after the other; three times as many requests do without. */
static void
bursts(struct bench *b, int64_t apart_ms, int samples)
{
	setup_bench(b);
	for (int burst = 0; burst < 25; burst++)
		for (uint32_t thread = 0; thread < THREADS; thread++)
			request(b, thread, burst * 400 + thread * apart_ms, samples);
	for (int i = 0; i < 300; i++)
		request(b, (uint32_t)i % THREADS, 20000 + i * 60, 0);
}

static void
who_comes_together_is_counted_together(void **state)
{
	struct bench b;

	bursts(&b, 0, LONG);
	const struct run_function *f = tell(&b);
	CHECK_NEAR(f->requests, 0.25, 1e-9);
	CHECK_NEAR(f->at_once, THREADS, 1e-9);
	CHECK_NEAR(f->at_once_even, 1 + 100 * 0.020 / 10, 1e-9);
	clear(&b);
}

static void
who_comes_apart_is_alone(void **state)
{
	struct bench b;

	bursts(&b, 60, LONG);
	const struct run_function *f = tell(&b);
	CHECK_NEAR(f->requests, 0.25, 1e-9);
	CHECK_NEAR(f->at_once, 1, 1e-9);
	clear(&b);
}

static void
half_overlaps_count_by_time(void **state)
{
	struct bench b;

	setup_bench(&b);
	for (int pair = 0; pair < 20; pair++) {
		request(&b, 0, pair * 200, LONG);
		request(&b, 1, pair * 200 + 10, LONG);   /* 10 of 20 ms together */
	}
	CHECK_NEAR(tell(&b)->at_once, 1.5, 1e-9);
	clear(&b);
}

/* One sample a visit: as many visits were missed, nobody knows. */
static void
short_visits_are_not_judged(void **state)
{
	struct bench b;

	bursts(&b, 0, 1);
	assert_true(isnan(tell(&b)->at_once));
	clear(&b);
}

RUN_TESTS(cmocka_unit_test(who_comes_together_is_counted_together),
    cmocka_unit_test(who_comes_apart_is_alone), cmocka_unit_test(half_overlaps_count_by_time),
    cmocka_unit_test(short_visits_are_not_judged))
