/* SPDX-License-Identifier: MIT */
#include "db/postgres_plan.h"
#include "base/cleanup.h"
#include "with_arena.h"

static void
a_plan_names_what_it_reads_whole(void **state)
{
	static const char json[] = "[{\"Plan\": {\"Node Type\": \"Limit\", \"Plan Rows\": 20, \"Plans\": ["
	    "{\"Node Type\": \"Nested Loop\", \"Plan Rows\": 30, \"Plans\": ["
	    "{\"Node Type\": \"Seq Scan\", \"Schema\": \"public\", \"Relation Name\": \"orders\", \"Plan Rows\": 30,"
	    " \"Filter\": \"(orders.customer_id = $1)\"},"
	    "{\"Node Type\": \"Index Scan\", \"Schema\": \"public\", \"Relation Name\": \"items\","
	    " \"Index Name\": \"items_pkey\", \"Plan Rows\": 1}]}]}}]";
	struct postgres_plan p;
	struct err e = { 0 };

	assert_int_equal(postgres_plan_read(json, arena, &p, &e), 0);
	assert_int_equal(p.n_lines, 4);
	assert_string_equal(p.lines[2], "    Seq Scan on orders (about 30 rows), keeps (orders.customer_id = $1)");
	assert_string_equal(p.lines[3], "    Index Scan using items_pkey on items (about 1 rows)");
	assert_int_equal(p.n_scans, 1);
	assert_string_equal(p.scans[0].table, "orders");
	CHECK_NEAR(p.scans[0].rows, 30, 0);
}

static void
what_is_no_plan_is_refused(void **state)
{
	static const char *const bad[] = { "", "[]", "{}", "[{\"Plan\": 3}]", "[{\"Plan\": ", "[[[[[[", "null" };
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct postgres_plan p;
		struct err e = { 0 };
		assert_int_equal(postgres_plan_read(bad[i], arena, &p, &e), -22);
		assert_int_equal(p.n_scans, 0);
	}
}

static void
filters_name_the_columns_of_an_index(void **state)
{
	static const char *const columns[] = { "id", "customer_id", "status", "email", "created_at", "total" };
	static const struct { const char *filter, *index; } rows[] = {
		{ "(customer_id = $1)", "customer_id" },
		{ "(orders.customer_id = $1)", "customer_id" },
		{ "((orders.created_at >= $2) AND (orders.customer_id = $1))", "customer_id created_at" },
		{ "((status)::text = $1)", "status" },
		{ "((status)::text = ANY ($1))", "status" },
		{ "((email)::character varying = $1)", "email" },
		{ "(lower((email)::text) = $1)", "" },
		{ "(email ~~ $1)", "" },
		{ "(status <> $1)", "" },
		{ "((customer_id = $1) OR (total > $2))", "" },
		{ "((total > $1) AND (created_at < $2))", "created_at" },
		{ "(my_customer_id = $1)", "" },
		{ "((total * $1) > $2)", "" },
		{ "", "" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t found[3], n = postgres_filter_columns(rows[i].filter, columns, COUNT_OF(columns), found, 3);
		char text[80] = "";
		for (size_t k = 0; k < n; k++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", k ? " " : "", columns[found[k]]);
		assert_string_equal(text, rows[i].index);
	}
}

static void
fingerprints_become_statements(void **state)
{
	static const struct { const char *fingerprint, *text; size_t n; } rows[] = {
		{ "SELECT 1", "SELECT 1", 0 },
		{ "SELECT a FROM t WHERE b = ? AND c IN (?)", "SELECT a FROM t WHERE b = $1 AND c IN ($2)", 2 },
		{ "SELECT a FROM t WHERE b = $2 AND c = ?", "SELECT a FROM t WHERE b = $2 AND c = $3", 3 },
		{ "SELECT \"wh?t\" FROM t WHERE b = ?", "SELECT \"wh?t\" FROM t WHERE b = $1", 1 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *text;
		assert_int_equal(postgres_parameters(rows[i].fingerprint, arena, &text), rows[i].n);
		assert_string_equal(text, rows[i].text);
	}
}

RUN_TESTS(
	WITH_ARENA(a_plan_names_what_it_reads_whole),
	WITH_ARENA(what_is_no_plan_is_refused),
	WITH_ARENA(filters_name_the_columns_of_an_index),
	WITH_ARENA(fingerprints_become_statements))
