/* SPDX-License-Identifier: MIT */
#include "trace/fingerprint.h"
#include "check.h"

static void
values_go_shapes_stay(void **state)
{
	static const struct { const char *sql, *want; } rows[] = {
		{ "SELECT a FROM t WHERE id = 17", "SELECT a FROM t WHERE id = ?" },
		{ "SELECT a FROM t WHERE n = 'O''Brien' AND x=1.5e-3;", "SELECT a FROM t WHERE n = ? AND x=?" },
		{ "select * from t2 where c1 in (1, 2,3 , 4)", "select * from t2 where c1 in (?)" },
		{ "select 1 -- secret\n from t /* 'x */ where a=?2", "select ? from t where a=?" },
		{ "SELECT  a,\n\tb FROM \"my 1 table\"", "SELECT a, b FROM \"my 1 table\"" },
		{ "INSERT INTO t VALUES (:a, @b, $c, ?)", "INSERT INTO t VALUES (?)" },
		{ "SELECT x::text FROM t", "SELECT x::text FROM t" },
		{ "SELECT 'cut off in the midd", "SELECT ?" },
		{ "SELECT 0x1F", "SELECT ?" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[256];
		fingerprint_sql(rows[i].sql, out, sizeof(out));
		assert_string_equal(out, rows[i].want);
	}
}

static void
output_is_bounded(void **state)
{
	char out[8];
	memset(out, 'x', sizeof(out));
	fingerprint_sql("SELECT everything", out, sizeof(out));
	assert_string_equal(out, "SELECT");
}

RUN_TESTS(cmocka_unit_test(values_go_shapes_stay), cmocka_unit_test(output_is_bounded))
