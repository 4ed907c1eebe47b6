/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "trace/sqlite_probe.h"
#include "check.h"

static void
known_forms_give_the_offset(void **state)
{
	static const struct { uint8_t code[24]; uint64_t want; } rows[] = {
		/* test; je; mov 0xf8(%rdi),%rax; ret */
		{ { 0x48, 0x85, 0xff, 0x74, 0x0b, 0x48, 0x8b, 0x87, 0xf8, 0, 0, 0, 0xc3 }, 0xf8 },
		/* endbr64; xor; test; je; mov 0x60(%rdi),%rax */
		{ { 0xf3, 0x0f, 0x1e, 0xfa, 0x31, 0xc0, 0x48, 0x85, 0xff, 0x74, 0x04, 0x48, 0x8b, 0x47,
		    0x60 }, 0x60 },
		/* push; mov; test; je; mov 0xe0(%rdi),%rax */
		{ { 0x55, 0x48, 0x89, 0xe5, 0x48, 0x85, 0xff, 0x74, 0x08, 0x48, 0x8b, 0x87, 0xe0, 0, 0,
		    0 }, 0xe0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t offset = 0;
		assert_int_equal(sqlite_text_field(rows[i].code, sizeof(rows[i].code), &offset), 0);
		assert_int_equal(offset, rows[i].want);
	}
}

static void
unknown_code_is_refused(void **state)
{
	static const struct { uint8_t code[16]; size_t size; } rows[] = {
		{ { 0x48, 0x85, 0xff, 0x74, 0x0b, 0x48, 0x8b, 0x87, 0xf8 }, 9 },           /* cut */
		{ { 0x48, 0x8b, 0x87, 0xff, 0xff, 0xff, 0x7f }, 7 },                       /* absurd */
		{ { 0x48, 0x8b, 0x47, 0xf8, 0, 0, 0 }, 7 },                                /* negative */
		{ { 0xe9, 1, 2, 3, 4, 0, 0, 0 }, 8 },                                      /* a jump */
		{ { 0 }, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t offset = 77;
		assert_int_equal(sqlite_text_field(rows[i].code, rows[i].size, &offset), -EINVAL);
		assert_int_equal(offset, 77);
	}
}

static void
only_cheap_probe_points_are_taken(void **state)
{
	static const struct { uint8_t code[8]; int want; size_t skip; } rows[] = {
		{ { 0x41, 0x57 }, 0, 0 },                              /* push %r15 */
		{ { 0x55 }, 0, 0 },                                    /* push %rbp */
		{ { 0xf3, 0x0f, 0x1e, 0xfa, 0x55 }, 0, 4 },            /* endbr64; push */
		{ { 0x90 }, 0, 0 },
		{ { 0x48, 0x83, 0xec, 0x28 }, -ENOTSUP, 0 },           /* sub $0x28,%rsp */
		{ { 0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x89 }, -ENOTSUP, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t skip = 0;
		assert_int_equal(sqlite_probe_point(rows[i].code, sizeof(rows[i].code), &skip), rows[i].want);
		assert_int_equal(skip, rows[i].skip);
	}
}

RUN_TESTS(cmocka_unit_test(known_forms_give_the_offset), cmocka_unit_test(unknown_code_is_refused),
    cmocka_unit_test(only_cheap_probe_points_are_taken))
