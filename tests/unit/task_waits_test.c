/* SPDX-License-Identifier: MIT */
/* Waits of goroutines, and of Java threads whose futex addresses say nothing, settled over a tape. */
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "check.h"
#include "painted.h"
#include "symbol/process.h"
#include "trace/intake.h"
#include "trace/java_waits.h"
#include "trace/task_waits.h"

struct scene { struct tape tape; struct symbols *symbols; struct stacks stacks; struct intake in; };

static void
open_scene(struct scene *s)
{
	tape_init(&s->tape, 1000);
	s->symbols = symbols_new();
	stacks_init(&s->stacks, s->symbols);
	intake_init(&s->in, &s->tape, &s->stacks, s->symbols);
	tape_window_begin(&s->tape, 0);
}

static void
close_scene(struct scene *s)
{
	intake_done(&s->in);
	stacks_done(&s->stacks);
	tape_done(&s->tape);
	symbols_free(s->symbols);
}

/* A stack of named frames, leaf first; all of the service's own but those with a '.' at their end. */
static uint32_t
stack_of(struct scene *s, const char *const *names, size_t n)
{
	struct python_frame frames[8];
	for (size_t i = 0; i < n; i++)
		frames[i] = (struct python_frame){ .function = names[i], .file = "F",
			.application = names[i][0] != '.' };
	return stacks_add(&s->stacks, 7, NULL, 0, NULL, 0, frames, n, true);
}

static void
shares_unseen_time(void **state)
{
	struct scene s;
	open_scene(&s);
	static const char *const book[] = { ".lockSlow", "main.book" }, *const nap[] = { ".Sleep", "main.book" };
	uint32_t thread = tape_thread(&s.tape, 7, 7);
	for (int i = 0; i < 8; i++)   /* a look every 20 ms: three wait for the lock, one sleeps */
		for (int k = 0; k < 2; k++)
			*ARENA_PUSH(s.tape.arena, s.tape.task_waits, s.tape.n_task_waits) = (struct tape_wait){
				.time = i * TASK_WAIT_PERIOD_NS, .pid = 7, .thread = thread,
				.stack = k ? stack_of(&s, nap, 2) : stack_of(&s, book, 2), .weight = k ? 1 : 3,
				.kind = k ? PART_SLEEP : PART_LOCK };
	tape_window_end(&s.tape, NS_PER_S);
	struct assembly *a = assemble(&s.tape);
	task_waits_settle(&s.in, a, TASK_WAIT_PERIOD_NS);
	assert_int_equal(a->n_locks, 1);
	struct canvas canvas = { .arena = s.tape.arena };
	struct ledger_row *rows;
	assert_true(task_waits_paint(a, 7, 1000, 100 * NS_PER_MS + 1000, &canvas));
	assert_int_equal(ledger_rows(&canvas.ledger, s.tape.arena, &rows), 2);
	assert_int_equal(rows[0].kind, PART_LOCK);
	assert_int_equal(rows[0].where, 1);
	assert_int_equal(rows[0].ns, 75 * NS_PER_MS);
	assert_int_equal(rows[1].kind, PART_SLEEP);
	assert_int_equal(rows[1].ns, 25 * NS_PER_MS);
	assert_int_equal(canvas.n_waits, 1);
	assert_int_equal(canvas.waits[0].holder, NOBODY);
	assert_int_equal(canvas.waits[0].call, NOBODY);
	ledger_done(&canvas.ledger);
	canvas = (struct canvas){ 0 };   /* shorter than the time between two looks: the nearest tell */
	assert_true(task_waits_paint(a, 7, 41 * NS_PER_MS, 42 * NS_PER_MS, &canvas));
	assert_int_equal(painted_ns(&canvas.ledger), NS_PER_MS);
	ledger_done(&canvas.ledger);
	assert_false(task_waits_paint(a, 8, 0, NS_PER_S, &canvas));
	assert_false(task_waits_paint(a, 7, NS_PER_S / 2, NS_PER_S, &canvas));
	assert_int_equal(s.in.n_waits, 16);
	assert_int_equal(s.in.waits[0].ns, 3 * TASK_WAIT_PERIOD_NS);
	assert_int_equal(a->locks[0].key, s.in.waits[0].key);
	assert_true(s.in.waits[1].key != s.in.waits[0].key);   /* who sleeps in the same function names no lock */
	assembly_free(a);
	close_scene(&s);
}

/* A stack of Java frames, leaf first. */
static uint32_t
java_stack(struct scene *s, const char *const *names, size_t n)
{
	uint64_t ips[8];
	for (size_t i = 0; i < n; i++) {
		struct symbol_list *made = &s->symbols->made;
		*ARENA_PUSH(made->arena, made->items, made->n) = (struct symbol){ .name = names[i],
			.module = "[java]", .language = "java", .named = true,
			.application = !strncmp(names[i], "shop.", 5) };
		ips[i] = SYMBOL_MADE | (made->n - 1);
	}
	return stacks_add(&s->stacks, 7, NULL, 0, ips, n, NULL, 0, true);
}

static void
off(struct scene *s, uint32_t thread, int64_t to, uint64_t key)
{
	*tape_add(&s->tape) = (struct rec){ .ts = to, .from = to - 500, .at = to, .key = key,
		.thread = thread, .nr = SYS_futex, .kind = REC_OFF, .flags = OFF_BY_FUTEX };
}

static void
wait_at(struct scene *s, uint32_t thread, int64_t to, uint64_t key, uint32_t stack, bool unlock)
{
	*ARENA_PUSH(s->tape.arena, s->in.waits, s->in.n_waits) = (struct wait_stack){ .key = key,
		.at = to, .ns = 500, .thread = thread, .stack = stack, .kind = PART_LOCK, .unlock = unlock };
}

static void
tells_java_waits_apart(void **state)
{
	static const char *const reserve[] = { "java.lang.Object.wait", "shop.Stock.reserve" };
	static const char *const idle[] = { "jdk.internal.misc.Unsafe.park",
		"java.util.concurrent.ThreadPoolExecutor.getTask" };
	static const char *const nap[] = { "java.lang.Thread.sleep", "shop.Stock.reserve" };
	static const char *const leave[] = { "shop.Stock.reserve" };
	enum { A = 0x1000, B = 0x2000, NATIVE = 0x3000 };
	struct scene s;
	open_scene(&s);
	uint32_t one = tape_thread(&s.tape, 7, 71), two = tape_thread(&s.tape, 7, 72);
	/* Thread one: a lock at 1000, idle at 2000, idle again without a stack at 2100, a nap at 3000; each at
	 * the same word. Thread two: the same lock at its own word. Last, a word that no stack tells of. */
	off(&s, one, 1000, A);
	off(&s, one, 2000, A);
	off(&s, one, 2100, A);
	off(&s, one, 3000, A);
	off(&s, two, 1500, B);
	off(&s, two, 1600, NATIVE);
	wait_at(&s, one, 1001, A, java_stack(&s, reserve, 2), false);
	wait_at(&s, two, 1000, A, java_stack(&s, leave, 1), true);
	wait_at(&s, two, 1501, B, java_stack(&s, reserve, 2), false);
	wait_at(&s, one, 2001, A, java_stack(&s, idle, 2), false);
	wait_at(&s, one, 3001, A, java_stack(&s, nap, 2), false);
	tape_window_end(&s.tape, 5000);
	java_waits_settle(&s.in);
	static const struct { uint16_t nr; bool lock; } wanted[] = { { SYS_futex, true }, { SYS_accept, false },
		{ SYS_accept, false }, { SYS_clock_nanosleep, false }, { SYS_futex, true }, { SYS_futex, false } };
	uint64_t lock = tape_at(&s.tape, 0)->key;
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		assert_int_equal(tape_at(&s.tape, i)->nr, wanted[i].nr);
		assert_int_equal(tape_at(&s.tape, i)->key == lock, wanted[i].lock);
	}
	assert_true(lock != A && lock != B);
	assert_true(s.in.waits[0].key == lock && s.in.waits[1].key == lock && s.in.waits[2].key == lock);
	assert_int_equal(s.in.waits[3].kind, PART_NONE);
	assert_int_equal(s.in.waits[4].kind, PART_SLEEP);
	close_scene(&s);
}

RUN_TESTS(cmocka_unit_test(shares_unseen_time), cmocka_unit_test(tells_java_waits_apart))
