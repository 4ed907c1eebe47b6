/* SPDX-License-Identifier: MIT */
/* Functions and lines out of a Go table written by hand, and whose functions they are. */
#include "base/cleanup.h"
#include "check.h"
#include "symbol/go_table.h"

enum { NAMES = 0, UNITS = 64, FILES = 80, PCS = 128, FUNCTIONS = 192, SIZE = 400, SCORE = 100, TOTAL = 60 };

static uint8_t bytes[SIZE];

static void
put(size_t at, uint32_t value)
{
	memcpy(bytes + at, &value, sizeof(value));
}

/* Two functions: main.total from 0x1000, main.score from 0x1040 to 0x1080, which is in cart.go: line 10,
 * from 0x1050 on line 12, but from 0x1060 on line 7 of math.go, inlined. */
static struct go_table
make(void)
{
	static const uint8_t files[] = { 2, 0x20, 2, 0x20, 0 };          /* -1 + 1, + 1 */
	static const uint8_t lines[] = { 22, 0x10, 4, 0x10, 9, 0x20, 0 };   /* -1 + 11, + 2, - 5 */
	memset(bytes, 0, sizeof(bytes));
	strcpy((char *)bytes + NAMES + 1, "main.total");
	strcpy((char *)bytes + NAMES + 20, "main.score");
	put(UNITS, 1);
	put(UNITS + 4, 20);
	strcpy((char *)bytes + FILES + 1, "/app/cart.go");
	strcpy((char *)bytes + FILES + 20, "/app/math.go");
	memcpy(bytes + PCS + 8, files, sizeof(files));
	memcpy(bytes + PCS + 24, lines, sizeof(lines));
	static const uint32_t table[] = { 0, TOTAL, 0x40, SCORE, 0x80 };
	memcpy(bytes + FUNCTIONS, table, sizeof(table));
	put(FUNCTIONS + TOTAL + 4, 1);
	put(FUNCTIONS + SCORE + 4, 20);
	put(FUNCTIONS + SCORE + 20, 8);
	put(FUNCTIONS + SCORE + 24, 24);
	return (struct go_table){ .bytes = bytes, .size = sizeof(bytes), .text = 0x1000, .n = 2,
		.names = NAMES, .units = UNITS, .files = FILES, .pcs = PCS, .functions = FUNCTIONS,
		.quantum = 1 };
}

static void
lists_functions(void **state)
{
	struct go_table t = make();
	struct go_function f;
	assert_true(go_table_function(&t, 0, &f));
	assert_string_equal(f.name, "main.total");
	assert_int_equal(f.start, 0x1000);
	assert_int_equal(f.end, 0x1040);
	assert_true(go_table_function(&t, 1, &f));
	assert_string_equal(f.name, "main.score");
	assert_false(go_table_function(&t, 2, &f));
	put(FUNCTIONS + SCORE + 4, 1 << 30);
	assert_false(go_table_function(&t, 1, &f));
	t.functions = SIZE - 4;
	assert_false(go_table_function(&t, 0, &f));
}

static void
finds_lines(void **state)
{
	static const struct { uint64_t at; const char *file; int line; } rows[] = {
		{ 0x1040, "/app/cart.go", 10 }, { 0x104f, "/app/cart.go", 10 }, { 0x1050, "/app/cart.go", 12 },
		{ 0x1060, "/app/math.go", 7 }, { 0x107f, "/app/math.go", 7 }, { 0x1080, NULL, 0 },
		{ 0xfff, NULL, 0 }, { 0x1010, NULL, 0 },
	};
	struct go_table t = make();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *file = NULL;
		int line = 0;
		assert_int_equal(go_table_line(&t, rows[i].at, &file, &line), rows[i].file != NULL);
		if (rows[i].file)
			assert_string_equal(file, rows[i].file);
		assert_int_equal(line, rows[i].line);
	}
	for (t.size = 0; t.size < SIZE; t.size++) {   /* cut anywhere */
		const char *file;
		int line;
		go_table_line(&t, 0x1060, &file, &line);
	}
}

static void
tells_own_packages(void **state)
{
	static const struct { const char *name; bool own; } rows[] = {
		{ "main.score", true }, { "main.(*Cart).Score", true }, { "shop/cart.Score", true },
		{ "net/http.(*conn).serve", false }, { "runtime.gopark", false }, { "sort.Ints", false },
		{ "github.com/gin-gonic/gin.(*Engine).ServeHTTP", false }, { "type..eq.[2]string", false },
	};
	struct elf_view none = { 0 };
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(go_is_application(&none, rows[i].name), rows[i].own);
}

RUN_TESTS(cmocka_unit_test(lists_functions), cmocka_unit_test(finds_lines),
    cmocka_unit_test(tells_own_packages))
