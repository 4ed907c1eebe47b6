/* SPDX-License-Identifier: MIT */
/* Who waited, and who handed work to a pool, over a tape by hand. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "check.h"
#include "trace/intake.h"
#include "trace/summary.h"

enum { PID = 7, LOOP = 7, HELPER = 8 };

static struct tape tape;
static struct symbols *symbols;
static struct stacks stacks;
static struct intake in;
static struct summary summary;

static int
begin(void **state)
{
	tape_init(&tape, 1000);
	symbols = symbols_new();
	stacks_init(&stacks, symbols);
	intake_init(&in, &tape, &stacks, symbols);
	tape_window_begin(&tape, 0);
	return 0;
}

static int
end(void **state)
{
	run_free(summary.r);
	arena_free(summary.arena);
	assembly_free(summary.a);
	intake_done(&in);
	stacks_done(&stacks);
	tape_done(&tape);
	symbols_free(symbols);
	return 0;
}

/* Leaf first; a name with a '|' is the service's own: "FUNCTION|FILE". */
static uint32_t
stack_of(const char *const *names, size_t n)
{
	struct python_frame frames[8];
	char function[64];   /* stacks know a function by its address: one text for each */

	for (size_t i = 0; i < n; i++) {
		const char *file = strchr(names[i], '|');
		snprintf(function, sizeof(function), "%.*s", file ? (int)(file - names[i]) : 63, names[i]);
		const char *name = tape_text(&tape, tape_name(&tape, function));
		frames[i] = (struct python_frame){ .function = name, .file = file ? file + 1 : "libuv",
			.application = file != NULL };
	}
	return stacks_add(&stacks, PID, NULL, 0, NULL, 0, frames, n, true);
}

#define STACK(...) stack_of((const char *const[]){ __VA_ARGS__ }, \
    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

static void
hand(uint32_t stack, int times)
{
	for (int i = 0; i < times; i++)
		*ARENA_PUSH(tape.arena, in.handed, in.n_handed) =
		    (struct handed_stack){ stack, tape_thread(&tape, PID, LOOP) };
}

static void
sample(uint32_t stack, int tid, int times)
{
	for (int i = 0; i < times; i++)
		*ARENA_PUSH(tape.arena, tape.samples, tape.n_samples) = (struct tape_sample){
			.time = i * NS_PER_MS, .stack = stack, .thread = tape_thread(&tape, PID, tid) };
}

static const struct run_trace *
sites_of(void)
{
	tape_window_end(&tape, NS_PER_S);
	summary = (struct summary){ .a = assemble(&tape), .in = &in, .r = run_new(), .arena = arena_new(),
		.sample_seconds = 0.01 };
	summary_sites(&summary);
	return &summary.r->evidence.trace;
}

/* Four calls read a file, one hashes a password: the pool's time is the password's. */
static void
the_pools_time_is_theirs_who_hand_over_such_work(void **state)
{
	hand(STACK("uv__work_submit", "uv_fs_read", "avatar|login.js"), 40);
	hand(STACK("uv_queue_work", "CryptoJob::Run", "hashPassword|login.js"), 10);
	sample(STACK("sha512", "PBKDF2", "worker"), HELPER, 30);
	sample(STACK("vfs_read", "uv__fs_work", "worker"), HELPER, 2);
	const struct run_trace *t = sites_of();
	assert_int_equal(t->n_sites, 2);
	assert_string_equal(t->sites[0].function, "hashPassword");
	assert_int_equal(t->sites[0].kind, PART_QUEUE);
	CHECK_NEAR(t->sites[0].seconds, 0.3, 1e-6);
	assert_string_equal(t->sites[1].function, "avatar");
	CHECK_NEAR(t->sites[1].seconds, 0.02, 1e-6);
}

static void
blocked_work_of_the_pool_counts_too(void **state)
{
	hand(STACK("uv__work_submit", "uv_fs_read", "avatar|login.js"), 4);
	hand(STACK("uv_queue_work", "CryptoJob::Run", "hashPassword|login.js"), 10);
	sample(STACK("sha512", "PBKDF2", "worker"), HELPER, 3);
	struct wait_stack *w = ARENA_PUSH(tape.arena, in.waits, in.n_waits);
	*w = (struct wait_stack){ .ns = 400 * NS_PER_MS, .kind = PART_DISK, .thread = tape_thread(&tape, PID, HELPER),
		.stack = STACK("pread", "uv__fs_read", "uv__fs_work", "worker") };
	const struct run_trace *t = sites_of();
	const struct run_site *first = NULL;
	for (size_t i = 0; i < t->n_sites && !first; i++)
		first = t->sites[i].kind == PART_QUEUE ? &t->sites[i] : NULL;
	assert_non_null(first);
	assert_string_equal(first->function, "avatar");
	CHECK_NEAR(first->seconds, 0.4, 1e-6);
}

/* Without samples the number of calls is all there is. */
static void
without_time_the_number_of_calls_decides(void **state)
{
	hand(STACK("uv__work_submit", "uv_fs_read", "avatar|login.js"), 3);
	hand(STACK("uv_queue_work", "hashPassword|login.js"), 4);
	const struct run_trace *t = sites_of();
	assert_int_equal(t->n_sites, 2);
	assert_string_equal(t->sites[0].function, "hashPassword");
	assert_int_equal(t->sites[0].stacks, 4);
}

static void
a_function_without_a_name_is_told_with_one_that_has(void **state)
{
	hand(STACK("uv_queue_work", "(anonymous) login:16|login.js", "emit|other.js", "hashPassword|login.js"), 1);
	const struct run_trace *t = sites_of();
	assert_int_equal(t->n_sites, 1);
	assert_string_equal(t->sites[0].function, "(anonymous) login:16 in hashPassword");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

RUN_TESTS(
	TEST(the_pools_time_is_theirs_who_hand_over_such_work),
	TEST(blocked_work_of_the_pool_counts_too),
	TEST(without_time_the_number_of_calls_decides),
	TEST(a_function_without_a_name_is_told_with_one_that_has))
