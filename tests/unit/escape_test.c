/* SPDX-License-Identifier: MIT */
#include "report/escape.h"
#include "report/flame.h"
#include "base/utf8.h"
#include "check.h"

struct row {
	const char *in, *out;
};

#define CHECK_ROWS(rows, call) \
	for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++) { \
		struct buf b = { 0 }; \
		const char *in = (rows)[i].in; \
		call; \
		assert_string_equal(buf_text(&b), (rows)[i].out); \
		buf_done(&b); \
	}

static void
html(void **state)
{
	static const struct row rows[] = {
		{ "", "" }, { "a < b && c > \"d\" 'e'", "a &lt; b &amp;&amp; c &gt; &quot;d&quot; &#39;e&#39;" },
		{ "line\n\tnext", "line\n\tnext" }, { "\033[31m\r\b", "\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd" },
		{ "caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac" },
		{ "\xc3", "\xef\xbf\xbd" }, { "\xc3(", "\xef\xbf\xbd(" }, { "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, { "\xe2\x80\xaetxt", "\xef\xbf\xbdtxt" },
	};
	CHECK_ROWS(rows, escape_html(&b, in));
}

static void
json(void **state)
{
	static const struct row rows[] = {
		{ "plain", "plain" }, { "</script>", "\\u003c/script\\u003e" }, { "\"\\&'", "\\u0022\\u005c\\u0026\\u0027" },
		{ "a\nb", "a\xef\xbf\xbd" "b" }, { "\xe2\x80\xa8", "\xef\xbf\xbd" },
	};
	CHECK_ROWS(rows, escape_json(&b, in));
}

static void
markdown(void **state)
{
	static const struct row rows[] = {
		{ "user_id of orders", "user_id of orders" }, { "_a_ *b*", "\\_a\\_ \\*b\\*" }, { "### no", "\\### no" },
		{ "- no", "\\- no" }, { "1. no", "1\\. no" }, { "1.5 is", "1.5 is" }, { "7)", "7\\)" }, { "a - b", "a - b" }, { "-", "-" }, { "> q", "\\> q" },
		{ "p99 < 5 ms, x <5, y <= 2 > 1", "p99 < 5 ms, x <5, y <= 2 > 1" },
		{ "a\n\n# b\r\n", "a # b" }, { "  x  ", "x" }, { "[l](u) <b> a|b `c` \\ ~ &lt;", "\\[l\\](u) \\<b> a\\|b \\`c\\` \\\\ \\~ \\&lt;" },
	};
	CHECK_ROWS(rows, escape_markdown(&b, in));
}

static void
markdown_code(void **state)
{
	static const struct row spans[] = {
		{ "a", "`a`" }, { "a`b", "`` a`b ``" }, { "a|b\nc", "`a\\|b c`" }, { "```", "```` ``` ````" },
	};
	static const struct row blocks[] = {
		{ "a", "    a\n" }, { "a\n### b\n", "    a\n    ### b\n" }, { "```\nx", "    ```\n    x\n" }, { "", "" },
	};
	CHECK_ROWS(spans, escape_markdown_span(&b, in));
	CHECK_ROWS(blocks, escape_markdown_block(&b, in));
}

static void
terminal(void **state)
{
	static const struct row wide[] = {
		{ "a\xe2\x80\x93z\033[2J", "a\xe2\x80\x93z\xef\xbf\xbd[2J" }, { "a\r\nb\tc", "a  b c" },
	};
	static const struct row ascii[] = {
		{ "190\xe2\x80\x93" "320 \xc3\x97 \xe2\x80\xa6", "190-320 x ..." }, { "\xe6\x97\xa5\033", "??" },
	};
	CHECK_ROWS(wide, escape_terminal(&b, in, true));
	CHECK_ROWS(ascii, escape_terminal(&b, in, false));
}

static void
shell(void **state)
{
	static const struct row rows[] = {
		{ "http://h/?a=1&b=$(x)", "'http://h/?a=1&b=$(x)'" }, { "it's", "'it'\\''s'" }, { "", "''" },
		{ "a\nb", "'a\xef\xbf\xbd" "b'" },
	};
	CHECK_ROWS(rows, escape_shell(&b, in));
}

static void
columns(void **state)
{
	static const struct { const char *s; int columns; } rows[] = {
		{ "abc", 3 }, { "\xe6\x97\xa5\xe6\x9c\xac", 4 }, { "e\xcc\x81", 1 }, { "\xf0\x9f\x98\x80", 2 }, { "", 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(utf8_columns(rows[i].s), rows[i].columns);
}

static void
stacks_merge_into_a_tree(void **state)
{
	const struct run_stack rows[] = {
		{ "cpu", "main;a;b", 1 }, { "cpu", "main;a", 2 }, { "cpu", "main;c", 4 }, { "cpu", ";;main;;c;", 1 },
	};
	const struct run_stack *list[] = { &rows[0], &rows[1], &rows[2], &rows[3] };
	const struct doc_flame f = { .id = "x", .title = "x", .about = "x", .stacks = list,
	    .n_stacks = 4 };
	struct arena *a = arena_new();
	struct flame_tree t;
	struct buf b = { 0 };

	flame_build(&t, a, &f);
	assert_int_equal(t.n_nodes, 5);
	CHECK_NEAR(t.root->seconds, 8, 1e-9);
	assert_string_equal(t.root->child->child->name, "c");          /* the widest first */
	assert_string_equal(t.root->child->child->next->name, "a");
	flame_json(&b, &t);
	assert_string_equal(buf_text(&b),
	    "{\"names\":[\"all\",\"main\",\"c\",\"a\",\"b\"],\"depth\":[0,1,2,2,3],"
	    "\"name\":[0,1,2,3,4],\"us\":[8000000,8000000,5000000,3000000,1000000],\"kind\":[11,1,1,1,1]}");
	buf_done(&b);
	arena_free(a);
}

RUN_TESTS(cmocka_unit_test(html), cmocka_unit_test(json), cmocka_unit_test(markdown),
    cmocka_unit_test(markdown_code),
    cmocka_unit_test(terminal), cmocka_unit_test(shell), cmocka_unit_test(columns),
    cmocka_unit_test(stacks_merge_into_a_tree))
