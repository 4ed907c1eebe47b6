/* SPDX-License-Identifier: MIT */
/* Java frames out of the memory of a machine that exists only here: its description of itself, a
 * code heap with one compiled method (another one inlined), the interpreter and a stub. */
#include <errno.h>

#include "base/cleanup.h"
#include "check.h"
#include "symbol/hotspot.h"
#include "symbol/hotspot_method.h"
#include "symbol/java_name.h"

enum { BYTES = 1 << 16, FRAME_WORDS = 6 };
#define BASE UINT64_C(0x7f0000100000)

static uint8_t memory[BYTES];
static uint64_t top;
static struct { uint64_t structs, types, compiled, interpreter, stub, score, score_code; } at;

static bool
read_memory(void *ctx, uint64_t address, void *out, size_t size)
{
	if (address < BASE || address - BASE > BYTES || BYTES - (address - BASE) < size)
		return false;
	memcpy(out, memory + (address - BASE), size);
	return true;
}

static uint64_t
room(size_t size)
{
	uint64_t here = top;
	top = (top + size + 15) & ~UINT64_C(15);
	assert_true(top < BASE + BYTES);
	return here;
}

static void
put(uint64_t address, uint64_t value, size_t size)
{
	memcpy(memory + (address - BASE), &value, size);
}

static uint64_t
text(const char *s)
{
	uint64_t here = room(64 + strlen(s));
	memcpy(memory + (here - BASE), s, strlen(s));
	return here;
}

/* ---- what the machine says of itself -------------------------------------------------------- */

static const struct { int field; int64_t offset; } offsets[] = {
	{ HS_HEAP_MEMORY, 0 }, { HS_HEAP_SEGMAP, 32 }, { HS_HEAP_SEGMENT, 64 }, { HS_SPACE_LOW, 8 },
	{ HS_SPACE_HIGH, 16 }, { HS_ARRAY_LENGTH, 0 }, { HS_ARRAY_DATA, 8 }, { HS_BLOCK_USED, 8 },
	{ HS_BLOB_NAME, 8 }, { HS_BLOB_SIZE, 16 }, { HS_BLOB_FRAME_SIZE, 20 }, { HS_BLOB_COMPLETE, 24 },
	{ HS_BLOB_CODE_BEGIN, 32 }, { HS_COMPILED_METHOD, 40 }, { HS_COMPILED_SCOPES, 48 },
	{ HS_NMETHOD_METADATA, 56 }, { HS_NMETHOD_PCS, 60 }, { HS_NMETHOD_DEPENDENCIES, 64 },
	{ HS_METHOD_CONST, 8 }, { HS_CONST_CONSTANTS, 0 }, { HS_CONST_SIZE, 8 }, { HS_CONST_FLAGS, 12 },
	{ HS_CONST_CODE_SIZE, 14 }, { HS_CONST_NAME, 16 }, { HS_POOL_HOLDER, 0 }, { HS_POOL_SOURCE, 8 },
	{ HS_KLASS_NAME, 8 }, { HS_SYMBOL_LENGTH, 0 }, { HS_SYMBOL_BODY, 2 },
};
static const struct { const char *type, *field; } names[HS_FIELDS] = {
#define FIELD(name, type, field, needed) { type, field },
#include "symbol/hotspot_fields.def"
#undef FIELD
};
enum { CONST_METHOD = 24, POOL = 16, BLOCK = 16, BLOB = 72 };

/* A row of gHotSpotVMStructs: type, field, type of the field, static, offset, address. */
static void
describe(uint64_t row, int field, bool is_static, int64_t where)
{
	put(row, text(names[field].type), 8);
	put(row + 8, text(names[field].field), 8);
	put(row + 16, text("int"), 8);
	put(row + 24, is_static, 4);
	put(row + (is_static ? 40 : 32), (uint64_t)where, 8);
}

static void
describe_all(uint64_t version, uint64_t heaps, int without)
{
	uint64_t rows = room((COUNT_OF(offsets) + 3) * 48), types = room(5 * 40);
	static const struct { const char *type; uint64_t size; } sizes[] = {
		{ "ConstMethod", CONST_METHOD }, { "ConstantPool", POOL }, { "HeapBlock", BLOCK },
		{ "CodeBlob", BLOB },
	};
	at.structs = room(8);
	at.types = room(8);
	put(at.structs, rows, 8);
	put(at.types, types, 8);
	describe(rows, HS_VERSION, true, (int64_t)version);
	describe(rows + 48, HS_CACHE_HEAPS, true, (int64_t)heaps);
	rows += 96;
	for (size_t i = 0; i < COUNT_OF(offsets); i++)
		if (offsets[i].field != without) {
			describe(rows, offsets[i].field, false, offsets[i].offset);
			rows += 48;
		}
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		put(types + i * 40, text(sizes[i].type), 8);
		put(types + i * 40 + 32, sizes[i].size, 8);
	}
}

/* ---- methods -------------------------------------------------------------------------------- */

static uint64_t
symbol(const char *s)
{
	uint64_t here = room(2 + strlen(s));
	put(here, strlen(s), 2);
	memcpy(memory + (here - BASE) + 2, s, strlen(s));
	return here;
}

/* `lines`: its compressed table. */
static uint64_t
method(const char *class, const char *name, const uint8_t *lines, size_t size, uint64_t *ret_code)
{
	uint64_t klass = room(16), pool = room(POOL + 3 * 8), constant = room(CONST_METHOD + 40 + size);
	uint64_t here = room(16);
	put(klass + 8, symbol(class), 8);
	put(pool, klass, 8);
	put(pool + 8, 2, 2);
	put(pool + POOL + 8, symbol(name), 8);
	put(pool + POOL + 16, symbol("Cart.java"), 8);
	put(constant, pool, 8);
	put(constant + 8, (CONST_METHOD + 40 + size + 7) / 8, 4);
	put(constant + 12, 1, 2);
	put(constant + 14, 40, 2);
	put(constant + 16, 1, 2);
	memcpy(memory + (constant - BASE) + CONST_METHOD + 40, lines, size);
	put(here + 8, constant, 8);
	*ret_code = constant + CONST_METHOD;
	return here;
}

/* ---- code ----------------------------------------------------------------------------------- */

static uint64_t
blob(uint64_t low, uint64_t segments, int segment, int n, const char *name, int frame)
{
	uint64_t block = low + (uint64_t)segment * 64, here = block + BLOCK;
	for (int i = 0; i < n; i++)
		put(segments + (uint64_t)(segment + i), (uint64_t)i, 1);
	put(block + 8, 1, 1);
	put(here + 8, text(name), 8);
	put(here + 16, (uint64_t)n * 64 - BLOCK, 4);
	put(here + 20, (uint64_t)frame, 4);
	put(here + 24, 8, 4);
	put(here + 32, here + 128, 8);
	return here;
}

/* One description: at byte 0x20 of its instructions it is in score:12, called from total:30. */
static void
add_debug_info(uint64_t b, uint64_t total)
{
	/* 0: no scope; then the innermost: its caller's scope, method, bci + 1; then that caller. */
	static const uint8_t scopes[] = { 0, 4, 1, 3, 0, 2, 9 };
	uint64_t pcs = b + 256, data = pcs + 48, metadata = data + 48;
	put(b + 40, total, 8);
	put(b + 48, data, 8);
	put(b + 56, metadata - b, 4);
	put(b + 60, pcs - b, 4);
	put(b + 64, pcs + 48 - b, 4);
	put(pcs, (uint32_t)-1, 4);
	put(pcs + 16, 0x20, 4);
	put(pcs + 20, 1, 4);
	put(pcs + 32, 0x7fffffff, 4);
	memcpy(memory + (data - BASE), scopes, sizeof(scopes));
	put(metadata, at.score, 8);
	put(metadata + 8, total, 8);
}

static void
make_machine(int version, int without)
{
	/* bci 0 line 10, bci 2 line 12; and with an escape bci 0 line 30. */
	static const uint8_t score_lines[] = { 0xff, 0, 20, 2 << 3 | 2, 0 };
	static const uint8_t total_lines[] = { 0xff, 0, 60, 0 };
	uint64_t unused;

	memset(memory, 0, sizeof(memory));
	top = BASE + 8192;   /* what reads low addresses reads nothing */
	uint64_t number = room(4), heaps = room(8), list = room(16), data = room(8), heap = room(80);
	uint64_t low = room(64 * 64), segments = room(64);
	put(number, (uint64_t)version, 4);
	put(heaps, list, 8);
	put(list, 1, 4);
	put(list + 8, data, 8);
	put(data, heap, 8);
	put(heap + 8, low, 8);
	put(heap + 16, low + 64 * 64, 8);
	put(heap + 40, segments, 8);
	put(heap + 64, 6, 4);
	memset(memory + (segments - BASE), 0xff, 64);
	at.score = method("com/shop/Cart", "score", score_lines, sizeof(score_lines), &at.score_code);
	uint64_t total = method("com/shop/Cart", "total", total_lines, sizeof(total_lines), &unused);
	uint64_t b = blob(low, segments, 0, 8, "nmethod", FRAME_WORDS);
	add_debug_info(b, total);
	at.compiled = b + 128;
	at.interpreter = blob(low, segments, 8, 4, "Interpreter", 0) + 128;
	at.stub = blob(low, segments, 12, 4, "StubRoutines (1)", 0) + 128;
	describe_all(number, heaps, without);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static const struct hotspot_memory reader = { read_memory, NULL };

static bool
anywhere(void *ctx, uint64_t ip)
{
	return hotspot_covers(ctx, ip);
}

struct machine { struct hotspot *h; struct symbol_list made; };

static void
open_machine(struct machine *m)
{
	struct err e = { 0 };
	*m = (struct machine){ .made = { .arena = arena_new() } };
	make_machine(17, -1);
	*ARENA_PUSH(m->made.arena, m->made.items, m->made.n) = (struct symbol){ .name = "[java]" };
	assert_int_equal(hotspot_open_memory(&m->h, &reader, at.structs, at.types, &m->made, &e), 0);
}

static void
close_machine(struct machine *m)
{
	hotspot_free(m->h);
	arena_free(m->made.arena);
}

static struct hotspot_frame
frame(struct machine *m, uint64_t ip, bool exact, const uint64_t *stack, size_t words, int bp)
{
	return (struct hotspot_frame){ .ip = ip, .sp = 0x1000, .bp = 0x1000 + 8 * (uint64_t)bp,
		.exact = exact, .stack = (const uint8_t *)stack, .stack_start = 0x1000,
		.stack_size = words * 8, .is_code = anywhere, .ctx = m->h };
}

static void
names_inlined_calls(void **state)
{
	struct machine m;
	open_machine(&m);
	uint32_t made[8];
	struct hotspot_frame f = frame(&m, at.compiled + 0x20, false, NULL, 0, 0);
	assert_int_equal(hotspot_names(m.h, &f, made, COUNT_OF(made)), 2);
	static const struct { const char *name; int line; } wanted[] = {
		{ "com.shop.Cart.score", 12 }, { "com.shop.Cart.total", 30 },
	};
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		const struct symbol *s = &m.made.items[made[i]];
		assert_string_equal(s->name, wanted[i].name);
		assert_string_equal(s->file, "Cart.java");
		assert_int_equal(s->line, wanted[i].line);
		assert_true(s->application && s->named);
	}
	/* Nothing is described at another return address: the compiled method is what is certain. */
	f.ip = at.compiled + 0x21;
	assert_int_equal(hotspot_names(m.h, &f, made, COUNT_OF(made)), 1);
	assert_string_equal(m.made.items[made[0]].name, "com.shop.Cart.total");
	/* Where execution was, what comes next is described. */
	f.ip = at.compiled + 0x1c;
	f.exact = true;
	assert_int_equal(hotspot_names(m.h, &f, made, COUNT_OF(made)), 2);
	f.ip = at.stub;
	assert_int_equal(hotspot_names(m.h, &f, made, COUNT_OF(made)), 1);
	assert_string_equal(m.made.items[made[0]].name, "StubRoutines (1)");
	close_machine(&m);
}

static void
names_interpreted_frames(void **state)
{
	struct machine m;
	open_machine(&m);
	uint32_t made[8];
	uint64_t stack[16] = { 0 };
	stack[10 - 3] = at.score;
	stack[10 - 8] = at.score_code + 5;
	struct hotspot_frame f = frame(&m, at.interpreter, false, stack, COUNT_OF(stack), 10);
	assert_int_equal(hotspot_names(m.h, &f, made, COUNT_OF(made)), 1);
	assert_string_equal(m.made.items[made[0]].name, "com.shop.Cart.score");
	assert_int_equal(m.made.items[made[0]].line, 12);
	stack[10 - 3] = at.score + 8;   /* no method */
	assert_int_equal(hotspot_names(m.h, &f, made, COUNT_OF(made)), 0);
	close_machine(&m);
}

static void
steps_to_callers(void **state)
{
	struct machine m;
	open_machine(&m);
	enum { BP = 777, OTHER = 888 };
	uint64_t caller = at.compiled + 0x20;
	const struct {
		const char *what;
		uint64_t ip;
		bool exact;
		uint64_t code;           /* bytes at ip */
		int ret, saved, sender;  /* words of the stack that hold caller, BP, and a sender's sp */
		int sp;                  /* wanted, in words; -1: the stack ends */
		uint64_t bp;             /* wanted */
	} rows[] = {
		{ "compiled, called on", caller, false, 0, 5, 4, 0, 6, BP },
		{ "compiled, running", at.compiled + 0x40, true, 0, 5, 4, 0, 6, BP },
		{ "before its frame", at.compiled, true, 0, 0, 9, 0, 1, 0x1000 + 8 * 10 },
		{ "rbp pushed", at.compiled + 1, true, 0, 1, 0, 0, 2, BP },
		{ "at pop rbp", at.compiled + 0x40, true, 0x5d, 1, 0, 0, 2, BP },
		{ "at ret", at.compiled + 0x40, true, 0xc3, 0, 9, 0, 1, 0x1000 + 8 * 10 },
		{ "interpreted", at.interpreter, false, 0, 11, 10, 0, 12, BP },
		{ "interpreted, its caller pushed arguments", at.interpreter, false, 0, 11, 10, 14, 14, BP },
		{ "stub without a frame", at.stub, true, 0, 0, 9, 0, 1, 0x1000 + 8 * 10 },
		{ "stub with a frame pointer", at.stub, false, 0, 11, 10, 0, 12, BP },
		{ "cut", at.compiled + 0x40, false, 0, 40, 41, 0, -1, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t stack[64];
		for (size_t k = 0; k < COUNT_OF(stack); k++)
			stack[k] = OTHER;
		stack[rows[i].ret] = caller;
		stack[rows[i].saved] = BP;
		stack[10 - 1] = rows[i].sender ? 0x1000 + 8 * (uint64_t)rows[i].sender : stack[9];
		put(rows[i].ip, rows[i].code, 8);
		size_t words = rows[i].sp < 0 ? 4 : 16;
		struct hotspot_frame f = frame(&m, rows[i].ip, rows[i].exact, stack, words, 10);
		bool ok = hotspot_step(m.h, &f);
		if (ok != (rows[i].sp >= 0) || (ok && (f.ip != caller || f.bp != rows[i].bp ||
		    f.sp != 0x1000 + 8 * (uint64_t)rows[i].sp)))
			fail_msg("%s: ip %lx sp word %ld bp %lu", rows[i].what, f.ip,
			    (long)(f.sp - 0x1000) / 8, f.bp);
	}
	close_machine(&m);
}

static void
refuses_what_it_does_not_know(void **state)
{
	struct hotspot *h;
	struct symbol_list made = { 0 };
	struct err e = { 0 };
	make_machine(17, HS_BLOB_FRAME_SIZE);
	assert_int_equal(hotspot_open_memory(&h, &reader, at.structs, at.types, &made, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "_frame_size"));
	memset(memory, 0, sizeof(memory));
	assert_int_equal(hotspot_open_memory(&h, &reader, at.structs, at.types, &made, &e), -EIO);
}

static void
reads_compressed_numbers(void **state)
{
	static const struct { int version; uint8_t bytes[6]; size_t size; uint32_t value; size_t used; } rows[] = {
		{ 17, { 0 }, 1, 0, 1 }, { 17, { 191 }, 1, 191, 1 }, { 17, { 192, 0 }, 2, 192, 2 },
		{ 17, { 255, 1 }, 2, 255 + 64, 2 }, { 17, { 192, 192, 1 }, 3, 192 + (192 << 6) + (1 << 12), 3 },
		{ 17, { 255, 255, 255, 255, 255, 1 }, 6, 255u + (255u << 6) + (255u << 12) + (255u << 18) +
		    (255u << 24), 5 },
		{ 21, { 1 }, 1, 0, 1 }, { 21, { 191 }, 1, 190, 1 }, { 21, { 192, 1 }, 2, 191, 2 },
		{ 21, { 0 }, 1, 0, 1 }, { 17, { 192 }, 1, 192, 1 }, { 17, { 0 }, 0, 0, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t used = 0;
		assert_int_equal(hotspot_number(rows[i].version, rows[i].bytes, rows[i].size, &used),
		    rows[i].value);
		assert_int_equal(used, rows[i].used);
	}
}

static void
reads_line_tables(void **state)
{
	/* 0 -> 10; +5 -> 11; then by escape +100 -> 8 (lines may go back); then +1 -> 9 */
	static const uint8_t table[] = { 0xff, 0, 20, 5 << 3 | 1, 0xff, 200, 0, 5, 1 << 3 | 1, 0 };
	static const struct { int bci, line; } rows[] = { { -1, 0 }, { 0, 10 }, { 4, 10 }, { 5, 11 },
		{ 104, 11 }, { 105, 8 }, { 106, 9 }, { 9999, 9 } };
	struct hotspot_method m = { .lines = table, .lines_size = sizeof(table) };
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(hotspot_method_line(17, &m, rows[i].bci), rows[i].line);
	m.lines_size = 1;
	assert_int_equal(hotspot_method_line(17, &m, 3), 0);
}

static void
tells_application_classes(void **state)
{
	static const struct { const char *name; bool application; } rows[] = {
		{ "com.shop.Cart.score", true }, { "Main.lambda$main$0", true }, { "java.util.HashMap.get", false },
		{ "org.springframework.web.Servlet.service", false }, { "Main$$Lambda$14.handle", false },
		{ "javaparty.Tea.pour", true }, { "com.zaxxer.hikari.pool.HikariPool.getConnection", false },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(java_is_application(rows[i].name), rows[i].application);
}

RUN_TESTS(cmocka_unit_test(names_inlined_calls), cmocka_unit_test(names_interpreted_frames),
    cmocka_unit_test(steps_to_callers), cmocka_unit_test(refuses_what_it_does_not_know),
    cmocka_unit_test(reads_compressed_numbers), cmocka_unit_test(reads_line_tables),
    cmocka_unit_test(tells_application_classes))
