/* SPDX-License-Identifier: MIT */
/* The texts that names are read from: maps, perf maps, kallsyms, linkers' names. */
#include "base/cleanup.h"
#include "check.h"
#include "symbol/demangle.h"
#include "symbol/kallsyms.h"
#include "symbol/maps.h"
#include "symbol/perf_map.h"

static void
demangles(void **state)
{
	static const struct { const char *name, *wanted; } rows[] = {
		{ "main", "main" },
		{ "score_cart.constprop.0", "score_cart" },
		{ "score_cart.part.3.cold", "score_cart" },
		{ "memcpy@@GLIBC_2.14", "memcpy" },
		{ "_ZN4shop4Cart5scoreEi", "shop::Cart::score" },
		{ "_ZN4shop4Cart5scoreEi.isra.0", "shop::Cart::score" },
		{ "_ZNKSt6vectorIiSaIiEE4sizeEv", "std::vector<int, std::allocator<int> >::size" },
		{ "_ZN4shop4cart5score17h0123456789abcdefE", "shop::cart::score" },
		{ "_RNvCs1234_7mycrate3foo", "mycrate::foo" },
		{ "_Zbroken", "_Zbroken" },
		{ "_start", "_start" },
		{ "main.(*Cart).Score", "main.(*Cart).Score" },
		{ "", "" },
	};
	struct arena *a = arena_new();
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(demangle(a, rows[i].name), rows[i].wanted);
	arena_free(a);
}

static void
parses_maps(void **state)
{
	static const struct {
		const char *text;
		bool ok, executable;
		uint64_t start, offset, inode;
		const char *path;
	} rows[] = {
		{ "00400000-0041f000 r-xp 0001e000 fd:01 1234   /usr/bin/my app (deleted)\nnext", true,
		    true, 0x400000, 0x1e000, 1234, "/usr/bin/my app (deleted)" },
		{ "7ffc000-7ffd000 rw-p 00000000 00:00 0 \n", true, false, 0x7ffc000, 0, 0, "" },
		{ "7ffc000-7ffd000 r-xp 00000000 00:00 0      [vdso]", true, true, 0x7ffc000, 0, 0,
		    "[vdso]" },
		{ "7ffd000-7ffc000 r-xp 00000000 00:00 0", false },
		{ "zz-7ffc000 r-xp 00000000 00:00 0", false },
		{ "400000-500000 r", false },
		{ "400000-500000 r-xp", false },
		{ "400000-500000 r-xp 0 fd:01 ", false },
		{ "", false },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct maps_line line;
		assert_int_equal(maps_parse_line(rows[i].text, &line), rows[i].ok);
		if (!rows[i].ok)
			continue;
		assert_int_equal(line.executable, rows[i].executable);
		assert_int_equal(line.start, rows[i].start);
		assert_int_equal(line.offset, rows[i].offset);
		assert_int_equal(line.inode, rows[i].inode);
		assert_int_equal(line.path_size, strlen(rows[i].path));
		assert_memory_equal(line.path, rows[i].path, line.path_size);
	}
}

static void
parses_names_of_compiled_code(void **state)
{
	static const struct {
		const char *name, *function, *file, *language;
		int line;
		bool application;
	} rows[] = {
		{ "LazyCompile:*score /app/shop.js:12:17", "score", "/app/shop.js", "javascript", 12, true },
		{ "JS:~get total file:///app/my shop.mjs:3:9", "get total", "/app/my shop.mjs",
		    "javascript", 3, true },
		{ "JS:* /app/shop.js:7:1", "(anonymous)", "/app/shop.js", "javascript", 7, true },
		{ "Function:^emit node:events:466:44", "emit", "node:events", "javascript", 466, false },
		{ "JS:*q /app/node_modules/pg/q.js:1:2", "q", "/app/node_modules/pg/q.js", "javascript",
		    1, false },
		{ "JS:*eval", "eval", NULL, "javascript", 0, false },
		{ "Builtin:ArrayMap", "Builtin:ArrayMap", NULL, NULL, 0, false },
		{ "py::score:/app/app.py", "score", "/app/app.py", "python", 0, true },
		{ "py::dumps:/usr/lib/python3.12/json/__init__.py", "dumps",
		    "/usr/lib/python3.12/json/__init__.py", "python", 0, false },
		{ "int com.shop.Cart.score(java.util.List)", "com.shop.Cart.score", NULL, "java", 0, true },
		{ "int java.lang.String.hashCode()", "java.lang.String.hashCode", NULL, "java", 0, false },
		{ "StubRoutines (1)", "StubRoutines (1)", NULL, NULL, 0, false },
		{ "Interpreter", "Interpreter", NULL, NULL, 0, false },
	};
	struct arena *a = arena_new();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct perf_map_name out;
		perf_map_parse_name(a, rows[i].name, &out);
		assert_string_equal(out.function, rows[i].function);
		assert_string_equal(out.file ? out.file : "-", rows[i].file ? rows[i].file : "-");
		assert_string_equal(out.language ? out.language : "-",
		    rows[i].language ? rows[i].language : "-");
		assert_int_equal(out.line, rows[i].line);
		assert_int_equal(out.application, rows[i].application);
	}
	arena_free(a);
}

static void
reads_perf_maps_piece_by_piece(void **state)
{
	static const char text[] =
	    "2000 100 second\n1000 80 first\nnonsense\n1000 zz bad\n3000 0 empty\n"
	    "1000 40 moved here\n4000 10 half a li";
	struct arena *a = arena_new();
	struct perf_map m = { .arena = a };
	uint64_t start;

	size_t used = perf_map_add_text(&m, text, strlen(text));
	assert_int_equal(used, strlen(text) - strlen("4000 10 half a li"));
	perf_map_sort(&m);
	assert_int_equal(m.n, 2);
	assert_string_equal(perf_map_find(&m, 0x1000, &start), "moved here");
	assert_int_equal(start, 0x1000);
	assert_null(perf_map_find(&m, 0x1050, &start));
	assert_string_equal(perf_map_find(&m, 0x20ff, &start), "second");
	assert_null(perf_map_find(&m, 0x2100, &start));
	assert_null(perf_map_find(&m, 0xfff, &start));
	perf_map_done(&m);
	arena_free(a);
}

static void
reads_kallsyms(void **state)
{
	static const char *const lines[] = {
		"ffffffff81000200 t later\t[module]\n", "ffffffff81000000 T _stext\n",
		"ffffffff81000000 T _text\n", "ffffffff81000100 D data\n", "ffffffff81000080 W weak\n",
		"0000000000000000 T hidden\n", "junk\n", "\n",
	};
	struct kallsyms k = { 0 };
	assert_null(kallsyms_find(&k, 1));
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		kallsyms_add_line(&k, lines[i]);
	kallsyms_sort(&k);
	assert_int_equal(k.n, 4);
	assert_null(kallsyms_find(&k, UINT64_C(0xffffffff80ffffff)));
	assert_string_equal(kallsyms_find(&k, UINT64_C(0xffffffff81000000)), "_stext");
	assert_string_equal(kallsyms_find(&k, UINT64_C(0xffffffff8100007f)), "_stext");
	assert_string_equal(kallsyms_find(&k, UINT64_C(0xffffffff81000180)), "weak");
	assert_string_equal(kallsyms_find(&k, UINT64_C(0xffffffff81000201)), "later");
	kallsyms_done(&k);
}

RUN_TESTS(cmocka_unit_test(demangles), cmocka_unit_test(parses_maps),
    cmocka_unit_test(parses_names_of_compiled_code),
    cmocka_unit_test(reads_perf_maps_piece_by_piece), cmocka_unit_test(reads_kallsyms))
