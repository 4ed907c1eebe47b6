/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "load/unpack.h"
#include "check.h"

#define TEXT "hello hello hello\n"

/* What gzip -n makes of it. */
static const char packed[] =
	"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x5c\0\x3b\x7c\x8a\xdf\x12\0\0";
#define PACKED sizeof(packed)   /* its last byte is the zero of a string, too */

struct bench {
	struct unpack *u;
	struct buf out;
};

static int
set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	b->u = unpack_new();
	*state = b;
	return 0;
}

static int
take_down(void **state)
{
	struct bench *b = *state;
	unpack_free(b->u);
	buf_done(&b->out);
	free(b);
	return 0;
}

static void
one_after_another(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 3; i++) {
		assert_true(unpack_gzip(b->u, packed, PACKED, &b->out));
		assert_string_equal(buf_text(&b->out), TEXT);
	}
}

static void
cut_off_anywhere_it_is_not_whole(void **state)
{
	struct bench *b = *state;

	for (size_t size = 0; size < PACKED; size++) {
		assert_false(unpack_gzip(b->u, packed, size, &b->out));
		assert_memory_equal(buf_text(&b->out), TEXT, b->out.size);
	}
	assert_true(unpack_gzip(b->u, packed, PACKED, &b->out));
}

static void
other_bytes_are_refused(void **state)
{
	struct bench *b = *state;
	char damaged[PACKED];

	assert_false(unpack_gzip(b->u, TEXT, sizeof(TEXT) - 1, &b->out));
	assert_int_equal(b->out.size, 0);
	memcpy(damaged, packed, PACKED);
	damaged[PACKED - 5] ^= 1;                       /* in its checksum */
	assert_false(unpack_gzip(b->u, damaged, PACKED, &b->out));
}

static void
it_grows_to_the_cap(void **state)
{
	struct bench *b = *state;

	b->out.cap_bytes = 5;
	assert_true(unpack_gzip(b->u, packed, PACKED, &b->out));
	assert_true(b->out.truncated);
	assert_string_equal(buf_text(&b->out), "hello");
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, take_down)

RUN_TESTS(WITH_BENCH(one_after_another), WITH_BENCH(cut_off_anywhere_it_is_not_whole),
    WITH_BENCH(other_bytes_are_refused), WITH_BENCH(it_grows_to_the_cap))
