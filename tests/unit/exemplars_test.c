/* SPDX-License-Identifier: MIT */
/* Single requests as timelines, and the stacks of slow requests beside those of the others. Tapes
 * by hand, times in microseconds. */
#include <stdlib.h>
#include <sys/syscall.h>

#include "trace/summary.h"
#include "check.h"

#define US INT64_C(1000)
#define THREAD 10
#define REQUESTS 40
#define APART 10000            /* between two requests */

struct bench {
	struct tape tape;
	struct stacks stacks;
	struct intake intake;
	struct symbols *symbols;
	struct run *run;
};

static struct bench b;

static int
begin(void **state)
{
	b.symbols = symbols_new();
	tape_init(&b.tape, 10000);
	stacks_init(&b.stacks, b.symbols);
	intake_init(&b.intake, &b.tape, &b.stacks, b.symbols);
	tape_window_begin(&b.tape, 0);
	b.run = run_new();
	return 0;
}

static int
end(void **state)
{
	run_free(b.run);
	intake_done(&b.intake);
	stacks_done(&b.stacks);
	tape_done(&b.tape);
	symbols_free(b.symbols);
	return 0;
}

static struct rec *
add(enum rec_kind kind, int64_t ts)
{
	struct rec *r = tape_add(&b.tape);
	r->kind = (uint8_t)kind;
	r->ts = ts * US;
	r->thread = tape_thread(&b.tape, 1, THREAD);
	return r;
}

static void
off(int64_t from, int64_t woken, int64_t to, int nr)
{
	struct rec *r = add(REC_OFF, to);
	r->from = from * US;
	r->at = woken * US;
	r->nr = (uint16_t)nr;
}

static void
io(int64_t ts, int flags, int64_t arrival)
{
	struct rec *r = add(REC_IO, ts);
	r->key = 1;
	r->flags = (uint8_t)(IO_SERVER | IO_HEAD | flags);
	r->at = arrival * US;
	r->name = flags ? 0 : tape_name(&b.tape, "/orders");
}

static uint32_t
stack(const char *function)
{
	const struct python_frame frames[] = { { function, "shop.py", 3, true },
		{ "main", "shop.py", 1, true } };
	return stacks_add(&b.stacks, 1, NULL, 0, NULL, 0, frames, 2, true);
}

static void
sample(const char *function, int64_t time)
{
	struct tape_sample *s = ARENA_PUSH(b.tape.arena, b.tape.samples, b.tape.n_samples);
	*s = (struct tape_sample){ time * US, tape_thread(&b.tape, 1, THREAD), stack(function) };
}

/* Arrives at `at`, is read 10 later, blocks for the disk, computes, and is answered. */
static void
request(int64_t at, int64_t blocked, const char *function)
{
	io(at + 10, 0, at);
	off(at + 30, at + 30 + blocked, at + 35 + blocked, SYS_fdatasync);
	sample(function, at + 50 + blocked);
	io(at + 100 + blocked, IO_WRITE, 0);
}

static void
summarise(void)
{
	tape_window_end(&b.tape, (REQUESTS + 1) * APART * US);
	struct assembly *a = assemble(&b.tape);
	struct summary *s = summary_new(a, &b.intake, b.run, 10 * US);

	summary_routes(s);
	summary_exemplars(s);
	summary_stacks(s);
	summary_free(s);
	assembly_free(a);
}

static void
check_whole(const struct run_exemplar *e)
{
	double at = 0;

	for (size_t i = 0; i < e->n_stretches; i++) {
		CHECK_NEAR(e->stretches[i].at, at, 1e-9);
		at += e->stretches[i].seconds;
	}
	CHECK_NEAR(at, e->seconds, 1e-9);
}

static void
the_slowest_and_a_typical_request_are_told_in_order(void **state)
{
	static const struct { enum run_part_kind kind; double seconds; } want[] = {
		{ PART_QUEUE, 10e-6 }, { PART_CPU, 20e-6 }, { PART_DISK, 900e-6 }, { PART_RUNQUEUE, 5e-6 },
		{ PART_CPU, 65e-6 },
	};
	for (int i = 0; i < REQUESTS; i++)
		request((i + 1) * APART, i == 7 ? 900 : i == 9 ? 700 : 200 + i, i == 7 ? "sync_all" : "total");
	summarise();
	const struct run_trace *t = &b.run->evidence.trace;
	assert_int_equal(t->n_exemplars, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(t->exemplars[i].route, "/orders");
		assert_string_equal(t->exemplars[i].rank, i < 3 ? "slowest" : "typical");
		check_whole(&t->exemplars[i]);
	}
	const struct run_exemplar *slowest = &t->exemplars[0];
	CHECK_NEAR(slowest->seconds, 1e-3, 1e-9);
	CHECK_NEAR(slowest->at, 8 * APART * 1e-6, 1e-9);
	assert_int_equal(slowest->n_stretches, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < slowest->n_stretches; i++) {
		assert_int_equal(slowest->stretches[i].kind, want[i].kind);
		CHECK_NEAR(slowest->stretches[i].seconds, want[i].seconds, 1e-6);
	}
	assert_string_equal(slowest->stretches[4].where, "sync_all");
	CHECK_NEAR(t->exemplars[3].seconds, 318e-6, 5e-6);
}

/* Two hundred waits of 3 and as much computing between them, then one long wait. */
static void
many_small_stretches_become_few(void **state)
{
	io(10, 0, 0);
	for (int i = 0; i < 200; i++)
		off(20 + i * 5, 23 + i * 5, 23 + i * 5, SYS_fdatasync);
	off(2000, 3000, 3000, SYS_fdatasync);
	io(3100, IO_WRITE, 0);
	summarise();
	const struct run_trace *t = &b.run->evidence.trace;
	assert_int_equal(t->n_exemplars, 1);
	check_whole(&t->exemplars[0]);
	assert_in_range(t->exemplars[0].n_stretches, 3, 48);
	const struct run_stretch *last = &t->exemplars[0].stretches[t->exemplars[0].n_stretches - 2];
	assert_int_equal(last->kind, PART_DISK);
	CHECK_NEAR(last->seconds, 1e-3, 5e-6);
}

static void
stacks_say_whose_time_they_were(void **state)
{
	static const struct { const char *function; double slow, rest; } want[] = {
		{ "sync_all", 0.5, 0 }, { "total", 0, 0.5 }, { "render", 0.5, 0.5 }, { "cron", NAN, NAN },
	};
	for (int i = 0; i < REQUESTS; i++) {
		int64_t at = (i + 1) * APART, blocked = i < 2 ? 900 : 100;
		request(at, blocked, i < 2 ? "sync_all" : "total");
		sample("render", at + blocked + 70);
		sample("cron", at + APART / 2);
	}
	summarise();
	const struct run_trace *t = &b.run->evidence.trace;
	assert_int_equal(t->n_stacks, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < t->n_stacks; i++)
		for (size_t k = 0; k < t->n_stacks; k++) {
			if (!strstr(t->stacks[i].frames, want[k].function))
				continue;
			assert_true(isnan(want[k].slow) == isnan(t->stacks[i].slow));
			if (isnan(want[k].slow))
				continue;
			CHECK_NEAR(t->stacks[i].slow, want[k].slow, 1e-9);
			CHECK_NEAR(t->stacks[i].rest, want[k].rest, 1e-9);
		}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
RUN_TESTS(TEST(the_slowest_and_a_typical_request_are_told_in_order),
    TEST(many_small_stretches_become_few), TEST(stacks_say_whose_time_they_were))
