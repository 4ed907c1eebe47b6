/* SPDX-License-Identifier: MIT */
/* Pauses of collectors: found by time, and taken out of waits for locks. */
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "check.h"
#include "trace/paint.h"

#define MS INT64_C(1000000)

static void
finds_the_next(void **state)
{
	struct arena *a = arena_new();
	struct pauses p = { 0 };
	pauses_add(&p, a, 2, 10, 20);
	pauses_add(&p, a, 1, 50, 60);
	pauses_add(&p, a, 1, 10, 20);
	pauses_add(&p, a, 1, 15, 30);   /* overlaps: only its rest counts */
	pauses_add(&p, a, 1, 12, 18);   /* inside */
	pauses_add(&p, a, 1, 70, 70);   /* nothing */
	pauses_sort(&p);
	assert_int_equal(p.n, 4);
	static const struct { int pid; int64_t at, from, to; } rows[] = {
		{ 1, 0, 10, 20 }, { 1, 19, 10, 20 }, { 1, 20, 20, 30 }, { 1, 30, 50, 60 }, { 1, 60, 0, 0 },
		{ 2, 0, 10, 20 }, { 2, 20, 0, 0 }, { 3, 0, 0, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct pause *found = pauses_after(&p, rows[i].pid, rows[i].at);
		assert_int_equal(found ? found->from : 0, rows[i].from);
		assert_int_equal(found ? found->to : 0, rows[i].to);
	}
	arena_free(a);
}

/* In ms: a thread waits for a lock from 100 to 200; the collector had stopped everybody from 90 to 120
 * and from 150 to 160. Another wait, from 299.5 to 310.5, is for the pause from 300 to 310. */
static void
takes_pauses_out_of_lock_waits(void **state)
{
	struct tape t;
	struct ledger_row *rows;
	tape_init(&t, 100);
	tape_window_begin(&t, 0);
	uint32_t waiting = tape_thread(&t, 7, 70), holder = tape_thread(&t, 7, 71);
	*tape_add(&t) = (struct rec){ .ts = 200 * MS, .from = 100 * MS, .at = 200 * MS, .key = 0xabc, .thread = waiting,
		.value = 71, .nr = SYS_futex, .kind = REC_OFF, .flags = OFF_BY_FUTEX };
	*tape_add(&t) = (struct rec){ .ts = 310 * MS + MS / 2, .from = 300 * MS - MS / 2,
		.at = 310 * MS + MS / 2, .key = 0xdef, .thread = waiting, .value = 71, .nr = SYS_futex,
		.kind = REC_OFF, .flags = OFF_BY_FUTEX };
	tape_window_end(&t, 1000 * MS);
	pauses_add(&t.pauses, t.arena, 7, 90 * MS, 120 * MS);
	pauses_add(&t.pauses, t.arena, 7, 150 * MS, 160 * MS);
	pauses_add(&t.pauses, t.arena, 7, 300 * MS, 310 * MS);
	pauses_add(&t.pauses, t.arena, 8, 120 * MS, 200 * MS);
	pauses_sort(&t.pauses);
	struct assembly *a = assemble(&t);
	struct canvas canvas = { .arena = t.arena };
	paint_thread(a, waiting, 50 * MS, 400 * MS, 0, &canvas);
	int64_t lock = 0, gc = 0, cpu = 0;
	size_t n = ledger_rows(&canvas.ledger, t.arena, &rows);
	for (size_t i = 0; i < n; i++) {
		lock += rows[i].kind == PART_LOCK ? rows[i].ns : 0;
		gc += rows[i].kind == PART_GC ? rows[i].ns : 0;
		cpu += rows[i].kind == PART_CPU ? rows[i].ns : 0;
	}
	assert_int_equal(gc, 41 * MS);
	assert_int_equal(lock, 70 * MS);
	assert_int_equal(cpu, 239 * MS);
	assert_int_equal(canvas.n_waits, 2);
	assert_int_equal(canvas.waits[0].from, 120 * MS);
	assert_int_equal(canvas.waits[0].holder, holder);
	ledger_done(&canvas.ledger);
	assembly_free(a);
	tape_done(&t);
}

RUN_TESTS(cmocka_unit_test(finds_the_next), cmocka_unit_test(takes_pauses_out_of_lock_waits))
