/* SPDX-License-Identifier: MIT */
/* A trainer and its data workers by hand, times in milliseconds: what is told of them. */
#include "trace/summary.h"

#include <string.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "check.h"

enum { SHELL = 1, TRAINER = 100, FEEDER = 101, FIRST = 200, SECOND = 300 };
#define STEPS 40

static struct tape tape;
static struct run *run;

static int
begin(void **state)
{
	run = run_new();
	tape_init(&tape, 10000);
	tape_window_begin(&tape, 0);
	tape_forked(&tape, TRAINER, SHELL);
	tape_forked(&tape, FIRST, TRAINER);
	tape_forked(&tape, SECOND, TRAINER);
	return 0;
}

static int
end(void **state)
{
	tape_done(&tape);
	run_free(run);
	return 0;
}

/* Threads have the number of their process, but the trainer's second one. */
static void
off(int tid, double from, double to, int nr, int waker)
{
	struct rec *r = tape_add(&tape);
	*r = (struct rec){ .kind = REC_OFF, .from = (int64_t)(from * NS_PER_MS), .at = (int64_t)(to * NS_PER_MS),
		.ts = (int64_t)(to * NS_PER_MS), .nr = (uint16_t)nr, .value = (uint32_t)waker, .key = 0x1000,
		.thread = tape_thread(&tape, tid == FEEDER ? TRAINER : tid, tid),
		.flags = nr == SYS_futex ? OFF_BY_FUTEX : 0 };
}

/* The service's other threads are known before who woke whom is asked. */
static void
meet(int tid)
{
	tape_thread(&tape, tid == FEEDER ? TRAINER : tid, tid);
}

static const struct run_trace *
tell(int64_t end_ms)
{
	struct stacks stacks = { 0 };
	struct intake in = { .tape = &tape, .stacks = &stacks };
	tape_window_end(&tape, end_ms * NS_PER_MS);
	struct assembly *a = assemble(&tape);
	struct summary s = { .a = a, .in = &in, .r = run, .arena = arena_new() };
	s.samples = arena_alloc(s.arena, (tape.n_threads + 1) * sizeof(*s.samples));
	s.n_samples = arena_alloc(s.arena, (tape.n_threads + 1) * sizeof(*s.n_samples));
	s.lock_names = arena_alloc(s.arena, (a->n_locks + 1) * sizeof(*s.lock_names));
	for (size_t i = 0; i < a->n_locks; i++)
		s.lock_names[i] = "lock";
	summary_loaders(&s);
	arena_free(s.arena);
	assembly_free(a);
	return &run->evidence.trace;
}

static const struct run_part *
part(const struct run_part *parts, size_t n, enum run_part_kind kind)
{
	for (size_t i = 0; i < n; i++)
		if (parts[i].kind == kind)
			return &parts[i];
	return NULL;
}

/* Each step 10 ms: 2 of work, 8 of waiting, in two pieces, for what one of the workers reads. */
static void
late_steps(int consumer)
{
	meet(TRAINER), meet(FEEDER), meet(FIRST), meet(SECOND);
	for (int i = 0; i < STEPS; i++) {
		double at = 10 * i;
		off(FIRST, at, at + 6, SYS_pread64, 0);
		tape_at(&tape, tape.n - 1)->flags = OFF_UNINTERRUPTED;
		off(SECOND, at, at + 7.9, SYS_read, TRAINER);
		off(consumer, at, at + 4, SYS_read, FIRST);
		off(consumer, at + 4.01, at + 8, SYS_read, SECOND);
	}
}

static void
a_trainer_waits_for_what_its_children_bring(void **state)
{
	late_steps(TRAINER);
	const struct run_trace *t = tell(10 * STEPS);
	assert_int_equal(t->n_loaders, 1);
	const struct run_loader *l = &t->loaders[0];
	assert_int_equal(l->pid, TRAINER);
	assert_int_equal(l->workers, 2);
	CHECK_NEAR(l->waited, 0.799, 1e-6);
	assert_in_range(l->steps, STEPS - 3, STEPS);
	CHECK_NEAR(l->busy, 1.21, 1e-6);         /* the second one works 2.1 of 10 ms */
	assert_int_equal(t->requests, l->steps);
	assert_int_equal(t->n_routes, 1);
	const struct run_part *queue = part(t->routes[0].parts, t->routes[0].n_parts, PART_QUEUE);
	CHECK_NEAR(queue->share, 0.799, 1e-6);
	assert_string_equal(queue->where, l->queue);
	assert_int_equal(t->n_waits, 1);
	assert_string_equal(t->waits[0].where, l->queue);
	assert_non_null(part(t->waits[0].holder, t->waits[0].n_holder, PART_DISK));
	assert_null(part(t->waits[0].holder, t->waits[0].n_holder, PART_OTHER));   /* who had no order */
}

/* A thread of the trainer takes what the workers bring, and hands it on. */
static void
who_is_fed_by_a_thread_that_is_fed_waits_too(void **state)
{
	late_steps(FEEDER);
	for (int i = 0; i < STEPS; i++)
		off(TRAINER, 10 * i, 10 * i + 8.5, SYS_futex, FEEDER);
	for (int i = 0; i < STEPS; i++)
		off(FEEDER, 10 * i + 8.1, 10 * i + 9.9, SYS_futex, TRAINER);
	const struct run_trace *t = tell(10 * STEPS);
	assert_int_equal(t->n_loaders, 1);
	CHECK_NEAR(t->loaders[0].waited, 0.799, 1e-6);
}

/* Workers are ahead: they wait, not the trainer. */
static void
a_trainer_that_is_never_late_waits_for_nobody(void **state)
{
	meet(TRAINER), meet(FIRST);
	for (int i = 0; i < STEPS; i++)
		off(FIRST, 10 * i + 1, 10 * i + 10, SYS_read, TRAINER);
	const struct run_trace *t = tell(10 * STEPS);
	assert_int_equal(t->n_loaders, 1);
	CHECK_NEAR(t->loaders[0].waited, 0, 1e-9);
	assert_int_equal(t->loaders[0].steps, STEPS);
	CHECK_NEAR(t->loaders[0].busy, 0.1, 1e-6);
	assert_int_equal(t->n_waits, 0);
}

/* A shell waits for the end of what it started, a supervisor only reads what its child prints. */
static void
who_looks_after_children_is_no_loader(void **state)
{
	meet(TRAINER), meet(FIRST);
	for (int i = 0; i < STEPS; i++)
		off(TRAINER, 10 * i, 10 * i + 5, SYS_wait4, FIRST);
	assert_int_equal(tell(10 * STEPS)->n_loaders, 0);
}

static void
who_does_next_to_nothing_is_no_loader(void **state)
{
	meet(TRAINER), meet(FIRST);
	for (int i = 0; i < STEPS; i++)
		off(TRAINER, 10 * i, 10 * i + 9.99, SYS_read, FIRST);
	assert_int_equal(tell(10 * STEPS)->n_loaders, 0);
}

/* The same waits between processes of which none is below the other. */
static void
who_talks_to_strangers_is_no_loader(void **state)
{
	map_done(&tape.parents);
	late_steps(TRAINER);
	assert_int_equal(tell(10 * STEPS)->n_loaders, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
RUN_TESTS(TEST(a_trainer_waits_for_what_its_children_bring), TEST(who_is_fed_by_a_thread_that_is_fed_waits_too),
    TEST(a_trainer_that_is_never_late_waits_for_nobody), TEST(who_looks_after_children_is_no_loader),
    TEST(who_does_next_to_nothing_is_no_loader), TEST(who_talks_to_strangers_is_no_loader))
