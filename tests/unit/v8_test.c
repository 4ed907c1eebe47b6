/* SPDX-License-Identifier: MIT */
/* V8's objects out of a heap made by hand: layouts as Node 18 and 20 export them. */
#include "check.h"
#include "trace/v8_code.h"
#include "trace/v8_heap.h"
#include "trace/v8_positions.h"

#define SMALL(n) ((uint64_t)(uint32_t)(n) << 32)

/* ---- the heap ------------------------------------------------------------------------------- */

enum { BASE = 0x100000, WORDS = 2048 };

static uint64_t words[WORDS];
static size_t used;

static bool
read_words(void *ctx, uint64_t address, void *out, size_t size)
{
	if (address < BASE || address + size > BASE + sizeof(words))
		return false;
	memcpy(out, (const char *)words + (address - BASE), size);
	return true;
}

/* A new object of so many words; its tagged address. */
static uint64_t
make(uint64_t map, size_t n)
{
	uint64_t at = BASE + used * 8;
	assert_true(used + n <= WORDS);
	memset(words + used, 0, n * sizeof(words[0]));
	words[used] = map;
	used += n;
	return at + 1;
}

static void
put(uint64_t object, int offset, uint64_t value)
{
	memcpy((char *)words + (object - 1 + (uint64_t)offset - BASE), &value, sizeof(value));
}

static uint64_t
make_map(const struct v8_layout *l, uint16_t type)
{
	uint64_t map = make(1, 4);
	memcpy((char *)words + (map - 1 - BASE) + l->map_type, &type, sizeof(type));
	return map;
}

enum { ONE_BYTE = 40, TWO_BYTES = 32, CONS = 41, SLICED = 43, THIN = 45 };

static uint64_t
make_text(const struct v8_layout *l, const char *text)
{
	uint32_t length = (uint32_t)strlen(text);
	uint64_t s = make(make_map(l, ONE_BYTE), 3 + length / 8);
	memcpy((char *)words + (s - 1 - BASE) + l->string_length, &length, sizeof(length));
	memcpy((char *)words + (s - 1 - BASE) + l->string_chars, text, length);
	return s;
}

static uint64_t
make_joined(const struct v8_layout *l, uint16_t type, uint64_t first, uint64_t second,
    uint32_t length)
{
	uint64_t s = make(make_map(l, type), 4);
	memcpy((char *)words + (s - 1 - BASE) + l->string_length, &length, sizeof(length));
	put(s, 16, first);
	put(s, 24, second);
	return s;
}

/* ---- layouts -------------------------------------------------------------------------------- */

struct constant { const char *name; int value; };

/* Of both versions the same. */
static const struct constant common[] = {
	{ "off_fp_context_or_frame_type", -8 }, { "off_fp_function", -16 },
	{ "class_Map__instance_type__uint16_t", 12 }, { "class_Script__name__Object", 16 },
	{ "class_JSFunction__shared__SharedFunctionInfo", 24 },
	{ "class_SharedFunctionInfo__name_or_scope_info__Object", 16 },
	{ "class_SharedFunctionInfo__script_or_debug_info__HeapObject", 32 },
	{ "class_String__length__int32_t", 12 }, { "class_SeqOneByteString__chars__char", 16 },
	{ "class_ConsString__first__String", 16 }, { "class_ConsString__second__String", 24 },
	{ "class_SlicedString__parent__String", 16 }, { "class_SlicedString__offset__SMI", 24 },
	{ "class_ThinString__actual__String", 16 }, { "scopeinfo_idx_ncontextlocals", 2 },
	{ "scopeinfo_idx_first_vars", 3 }, { "FirstNonstringType", 128 },
	{ "StringRepresentationMask", 7 }, { "OneByteStringTag", 8 }, { "ConsStringTag", 1 },
	{ "ExternalStringTag", 2 }, { "SlicedStringTag", 3 }, { "ThinStringTag", 5 },
};
static const struct constant node18[] = {
	{ "type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE", 257 },
	{ "type_ScopeInfo__SCOPE_INFO_TYPE", 256 }, { "type_Script__SCRIPT_TYPE", 170 },
	{ "class_JSFunction__code__CodeT", 48 }, { "class_Code__flags__uint32_t", 48 },
	{ "class_Code__instruction_size__int", 40 }, { "class_Code__instruction_start__uintptr_t", 128 },
};
static const struct constant node20[] = {
	{ "type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE", 262 },
	{ "type_ScopeInfo__SCOPE_INFO_TYPE", 261 }, { "type_Script__SCRIPT_TYPE", 167 },
	{ "class_Code__source_position_table__ByteArray", 24 },
	{ "class_Code__deoptimization_data__FixedArray", 16 }, { "frametype_IrregexpFrame", 27 },
};

static const struct constant node22[] = {
	{ "type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE", 274 },
	{ "type_ScopeInfo__SCOPE_INFO_TYPE", 272 }, { "type_Script__SCRIPT_TYPE", 167 },
	{ "class_JSFunction__code__Tagged_Code_", 24 }, { "class_Code__flags__uint32_t", 48 },
	{ "class_Code__instruction_size__int", 52 }, { "class_Code__instruction_start__Address", 40 },
	{ "class_Code__wrapper__Tagged_CodeWrapper_", 24 }, { "CodeKindBaseline", 10 },
};

static const struct constant node24[] = {
	{ "class_JSFunction__shared__SharedFunctionInfo", 32 }, { "scopeinfo_idx_first_vars", 5 },
	{ "class_SharedFunctionInfo__name_or_scope_info__Tagged_NameOrScopeInfoT_", 24 },
	{ "class_SharedFunctionInfo__script__Tagged_HeapObject_", 40 },
	{ "class_Code__flags__uint32_t", 52 }, { "class_Code__instruction_size__int", 56 },
	{ "class_Code__instruction_start__Address", 40 },
	{ "class_Code__wrapper__Tagged_CodeWrapper_", 24 },
	{ "type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE", 282 },
	{ "type_ScopeInfo__SCOPE_INFO_TYPE", 280 }, { "type_Script__SCRIPT_TYPE", 167 },
};

static struct v8_layout
layout_of(const struct constant *own, size_t n)
{
	struct v8_layout l = { 0 };
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		v8_layout_set(&l, common[i].name, common[i].value);
	for (size_t i = 0; i < n; i++)
		v8_layout_set(&l, own[i].name, own[i].value);
	assert_true(v8_layout_finish(&l));
	return l;
}
#define LAYOUT(own) layout_of(own, sizeof(own) / sizeof(own[0]))

static void
layouts_are_completed(void **state)
{
	struct v8_layout old = LAYOUT(node18), young = LAYOUT(node20), part = { 0 };
	assert_true(old.code_inside);
	assert_int_equal(old.code_positions, 24);
	assert_int_equal(old.code_deopt, 16);
	assert_int_equal(old.function_code, 48);
	assert_false(young.code_inside);
	assert_int_equal(young.code_start, 40);
	assert_int_equal(young.code_flags, 48);
	assert_int_equal(young.code_size, 56);
	assert_int_equal(young.function_code, 48);
	assert_int_equal(young.script_source, 8);
	struct v8_layout next = LAYOUT(node22);
	assert_false(next.code_inside);
	assert_int_equal(next.code_positions, 16);
	assert_int_equal(next.code_deopt, 8);
	assert_int_equal(next.code_start, 40);
	assert_int_equal(next.kind_baseline, 10);
	assert_int_equal(next.function_code, 24);
	struct v8_layout last = LAYOUT(node24);
	assert_int_equal(last.function_code, 0);
	v8_layout_set(&part, "class_Script__name__Object", 16);
	assert_false(v8_layout_finish(&part));
	young.script_name = 12;   /* compressed pointers */
	assert_false(v8_layout_finish(&young));
}

/* ---- functions ------------------------------------------------------------------------------ */

struct made { uint64_t shared, scope, script; };

/* A function with `locals` context locals; NULL name: 0 stands there, NULL inferred: nothing
 * does. */
static struct made
make_function(const struct v8_layout *l, const char *name, const char *inferred, size_t locals,
    uint64_t script, int start, int end)
{
	struct made m = { .script = script };
	size_t rows = locals + (locals < 75 ? locals : 1);
	int at = 8 * (int)(1 + (size_t)l->scope_first + rows);
	m.scope = make(make_map(l, (uint16_t)l->type_scope), rows + 190);
	put(m.scope, 24, SMALL(locals));
	put(m.scope, at, name ? make_text(l, name) : 0);
	at += 16;
	if (inferred) {
		put(m.scope, at, make_text(l, inferred));
		at += 8;
	}
	int range = l->scope_first >= 5 ? 32 : at;   /* since V8 13 before the locals */
	put(m.scope, range, SMALL(start));
	put(m.scope, range + 8, SMALL(end));
	m.shared = make(make_map(l, (uint16_t)l->type_shared), 8);
	put(m.shared, l->shared_name, m.scope);
	put(m.shared, l->shared_script, script);
	return m;
}

static uint64_t
make_script(const struct v8_layout *l, uint64_t name, const char *source)
{
	uint64_t script = make(make_map(l, (uint16_t)l->type_script), 8);
	put(script, l->script_name, name);
	put(script, l->script_source, make_text(l, source));
	return script;
}

static const char source[] = "const a = 1;\nfunction f() {\n}\n";

static void
names_functions(void **state)
{
	const struct { struct v8_layout l; } versions[] = { { LAYOUT(node18) }, { LAYOUT(node20) },
		{ LAYOUT(node24) } };
	static const struct { const char *file, *name, *inferred; size_t locals; int start;
		const char *want, *want_file; int line; bool application; } rows[] = {
		{ "/app/shop.js", "score", NULL, 0, 21, "score", "/app/shop.js", 2, true },
		{ "/app/shop.js", "score", "Cart.score", 3, 21, "score", "/app/shop.js", 2, true },
		{ "/app/shop.js", NULL, "exports.score", 2, 28, "exports.score", "/app/shop.js", 3, true },
		{ "/app/shop.js", NULL, NULL, 1, 12, "(anonymous) shop.js:1", "/app/shop.js", 1, true },
		{ "/app/shop.js", NULL, NULL, 0, 0, "<module>", "/app/shop.js", 1, true },
		{ "/app/shop.js", "big", NULL, 80, 13, "big", "/app/shop.js", 2, true },
		{ "file:///app/m.mjs", "go", NULL, 0, 13, "go", "/app/m.mjs", 2, true },
		{ "/app/node_modules/x/i.js", "x", NULL, 0, 13, "x", "/app/node_modules/x/i.js", 2, true },
		{ "node:internal/timers", "t", NULL, 0, 13, "t", "node:internal/timers", 0, false },
	};
	for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const struct v8_layout *l = &versions[v].l;
			struct v8_heap h;
			used = 0;
			struct made m = make_function(l, rows[i].name, rows[i].inferred, rows[i].locals,
			    make_script(l, make_text(l, rows[i].file), source), rows[i].start, 30);
			v8_heap_init(&h, l, read_words, NULL);
			const struct v8_function *f = v8_heap_function(&h, m.shared);
			assert_non_null(f);
			assert_string_equal(f->name, rows[i].want);
			assert_string_equal(f->file, rows[i].want_file);
			bool package = strstr(rows[i].file, "node_modules") != NULL;
			assert_int_equal(f->application, rows[i].application && !package);
			assert_int_equal(f->line, package ? 0 : rows[i].line);
			assert_ptr_equal(v8_heap_function(&h, m.shared), f);
			v8_heap_done(&h);
		}
	}
}

/* The collector put another function where one was. */
static void
sees_that_a_function_moved(void **state)
{
	struct v8_layout l = LAYOUT(node20);
	struct v8_heap h;
	used = 0;
	uint64_t script = make_script(&l, make_text(&l, "/app/a.js"), source);
	struct made first = make_function(&l, "first", NULL, 0, script, 13, 30);
	struct made second = make_function(&l, "second", NULL, 0, script, 28, 30);
	v8_heap_init(&h, &l, read_words, NULL);
	assert_string_equal(v8_heap_function(&h, first.shared)->name, "first");
	put(first.shared, l.shared_name, second.scope);
	assert_string_equal(v8_heap_function(&h, first.shared)->name, "second");
	put(first.shared, 0, 2);   /* no map: it is being moved */
	put(first.shared, l.shared_name, first.scope);
	assert_null(v8_heap_function(&h, first.shared));
	assert_null(v8_heap_function(&h, 8));
	assert_null(v8_heap_function(&h, BASE + 8 * WORDS + 1));
	v8_heap_done(&h);
}

static void
reads_strings_of_all_shapes(void **state)
{
	struct v8_layout l = LAYOUT(node20);
	struct v8_heap h;
	char text[64];
	used = 0;
	v8_heap_init(&h, &l, read_words, NULL);
	uint64_t left = make_text(&l, "/app/"), right = make_text(&l, "shop.js");
	uint64_t joined = make_joined(&l, CONS, left, right, 12);
	uint64_t part = make_joined(&l, SLICED, joined, SMALL(3), 4);
	uint64_t thin = make_joined(&l, THIN, joined, 0, 12);
	uint64_t wide = make_joined(&l, TWO_BYTES, 0, 0, 2);
	put(wide, 16, 0x20ac00e9);   /* e with an accent, euro */
	const struct { uint64_t string; const char *want; } rows[] = { { left, "/app/" },
		{ joined, "/app/shop.js" }, { part, "p/sh" }, { thin, "/app/shop.js" },
		{ wide, "\xc3\xa9\xe2\x82\xac" } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(v8_heap_text(&h, rows[i].string, text, sizeof(text)));
		assert_string_equal(text, rows[i].want);
	}
	put(joined, 16, joined);     /* a ring */
	assert_false(v8_heap_text(&h, joined, text, sizeof(text)));
	assert_false(v8_heap_text(&h, make(make_map(&l, 200), 4), text, sizeof(text)));
	v8_heap_done(&h);
}

/* ---- positions ------------------------------------------------------------------------------ */

static void
finds_positions(void **state)
{
	/* +3 code (statement) at 5, +6 (expression: -(6) - 1) at 2, then +10 at 9 of inlining 1. */
	static const uint8_t table[] = { 4 * 2, 5 * 2, 6 * 2 + 1, 2 * 3 - 1, 10 * 2, 7 * 2 };
	static const struct { uint64_t offset, want; } rows[] = { { 2, 0 }, { 3, 5 }, { 8, 5 },
		{ 9, 2 }, { 18, 2 }, { 19, 9 }, { 1000, 9 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(v8_position_find(table, sizeof(table), rows[i].offset), rows[i].want);
	assert_int_equal(v8_position_find(table, 0, 5), 0);
	assert_int_equal(v8_position_find(table, 1, 5), 0);
	struct v8_position p = v8_position_unpack((UINT64_C(3) << 31) | (41 << 1));
	assert_int_equal(p.inlining, 3);
	assert_int_equal(p.offset, 40);
	assert_int_equal(v8_position_unpack(1).offset, -1);
}

/* Optimised code of Node 20: two calls inlined into each other at byte 10 of the instructions. */
static void
names_inlined_functions(void **state)
{
	struct v8_layout l = LAYOUT(node20);
	struct v8_heap h;
	enum { START = 0x500000, TURBOFAN = 13 };
	const struct v8_function *inlined[V8_INLINED_MAX];
	used = 0;
	uint64_t script = make_script(&l, make_text(&l, "/app/a.js"), source);
	struct made outer = make_function(&l, "outer", NULL, 0, script, 13, 30);
	struct made inner = make_function(&l, "inner", NULL, 0, script, 13, 30);
	uint64_t literals = make(1, 4), inlinings = make(1, 6), positions = make(1, 4),
	    deopt = make(1, 12), code = make(1, 16);
	put(literals, 8, SMALL(2));
	put(literals, 16, outer.shared | 2);   /* weak */
	put(literals, 24, inner.shared | 2);
	put(inlinings, 8, SMALL(32));
	put(inlinings, 16, 1 << 1);                        /* 1: outer, called in the code itself */
	put(inlinings, 24, 0);
	put(inlinings, 32, (UINT64_C(1) << 31) | 1 << 1);  /* 2: inner, called in 1 */
	put(inlinings, 40, 1);
	/* At byte 10: source (2 << 31) + 2, as a sign and seven bits a byte. */
	uint64_t packed = ((UINT64_C(2) << 31) | 1 << 1) << 1;
	uint8_t table[16] = { 11 * 2 }, n = 1;
	for (; packed >= 128; packed >>= 7)
		table[n++] = (uint8_t)(packed & 127) | 128;
	table[n++] = (uint8_t)packed;
	put(positions, 8, SMALL(n));
	memcpy((char *)words + (positions - 1 - BASE) + 16, table, sizeof(table));
	put(deopt, 8, SMALL(9));
	put(deopt, 16 + 8 * l.deopt_inlined, SMALL(2));
	put(deopt, 16 + 8 * l.deopt_literals, literals);
	put(deopt, 16 + 8 * l.deopt_positions, inlinings);
	put(code, l.code_deopt, deopt);
	put(code, l.code_positions, positions);
	put(code, l.code_start, START);
	put(code, l.code_flags, TURBOFAN);
	put(code, l.code_size, 100);
	v8_heap_init(&h, &l, read_words, NULL);
	assert_int_equal(v8_code_inlined(&h, code, START + 12, inlined), 2);
	assert_string_equal(inlined[0]->name, "inner");
	assert_string_equal(inlined[1]->name, "outer");
	assert_int_equal(v8_code_inlined(&h, code, START + 5, inlined), 0);
	assert_int_equal(v8_code_inlined(&h, code, START + 100, inlined), 0);
	assert_int_equal(v8_code_inlined(&h, code, START - 1, inlined), 0);
	put(code, l.code_flags, 11);   /* not optimised; its head is another object's */
	put(code, 0, 5);
	assert_int_equal(v8_code_inlined(&h, code, START + 12, inlined), 0);
	v8_heap_done(&h);
}

/* Node 24: an entry of the table leads to the Code, whose beginning must be the entry's. */
static void
code_is_found_by_number(void **state)
{
	struct v8_layout l = LAYOUT(node24);
	struct v8_heap h;
	used = 0;
	uint64_t code = make(1, 16), table = make(0, 8) - 1;
	put(code, l.code_start, 0x500000);
	put(table + 1, 16 * 3, 0x500000);
	put(table + 1, 16 * 3 + 8, (code - 1) << 16 | 2);
	v8_heap_init(&h, &l, read_words, NULL);
	assert_int_equal(v8_code_dispatched(&h, table, 3 << 8), code);
	assert_int_equal(v8_code_dispatched(&h, table, 2 << 8), 0);
	assert_int_equal(v8_code_dispatched(&h, table - 16, 3 << 8), 0);
	assert_int_equal(v8_code_dispatched(&h, 0, 3 << 8), 0);
	put(code, l.code_start, 0x600000);
	assert_int_equal(v8_code_dispatched(&h, table, 3 << 8), 0);
	v8_heap_done(&h);
}

RUN_TESTS(cmocka_unit_test(code_is_found_by_number), cmocka_unit_test(layouts_are_completed),
    cmocka_unit_test(names_functions),
    cmocka_unit_test(sees_that_a_function_moved), cmocka_unit_test(reads_strings_of_all_shapes),
    cmocka_unit_test(finds_positions), cmocka_unit_test(names_inlined_functions))
