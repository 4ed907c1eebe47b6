/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "check.h"

static void
growth_is_capped(void **state)
{
	struct buf b = { .cap_bytes = 8 };
	buf_puts(&b, "12345678");
	assert_false(b.truncated);
	buf_putc(&b, '9');
	assert_true(b.truncated);
	assert_string_equal(buf_text(&b), "12345678");
	buf_clear(&b);
	buf_printf(&b, "%s", "ok");
	assert_string_equal(buf_text(&b), "ok");
	buf_done(&b);
	buf_done(&b);
	assert_string_equal(buf_text(&b), "");
}

static void
a_cut_is_the_same_in_pieces(void **state)
{
	for (size_t piece = 1; piece <= 12; piece++) {
		struct buf b = { .cap_bytes = 8 };
		for (size_t at = 0; at < 12; at += piece)
			buf_append_cut(&b, "0123456789ab" + at, at + piece <= 12 ? piece : 12 - at);
		assert_string_equal(buf_text(&b), "01234567");
		assert_true(b.truncated);
		buf_clear(&b);
		buf_append_cut(&b, "12345678", 8);
		assert_false(b.truncated);
		buf_done(&b);
	}
}

static void
printf_grows(void **state)
{
	struct buf b = { 0 };
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	assert_int_equal(b.size, 3890);
	assert_int_equal(strlen(buf_text(&b)), 3890);
	buf_done(&b);
}

RUN_TESTS(cmocka_unit_test(growth_is_capped),
    cmocka_unit_test(a_cut_is_the_same_in_pieces), cmocka_unit_test(printf_grows))
