/* SPDX-License-Identifier: MIT */
/* Where OpenSSL is probed: in its machine code, in the library of this host, and not elsewhere. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "trace/tls_probe.h"
#include "check.h"

static void
calls_are_found_one_after_another(void **state)
{
	/* sub $8,%rsp; call +0x100; xor %edx,%edx; call -0x20; a call that is cut off */
	static const uint8_t code[] = { 0x48, 0x83, 0xec, 8, 0xe8, 0, 1, 0, 0, 0x31, 0xd2, 0xe8, 0xe0,
		0xff, 0xff, 0xff, 0xe8, 1, 2 };
	size_t at = 0;
	int64_t target = 0;
	assert_true(tls_next_call(code, sizeof(code), &at, &target));
	assert_int_equal(at, 9);
	assert_int_equal(target, 9 + 0x100);
	assert_true(tls_next_call(code, sizeof(code), &at, &target));
	assert_int_equal(target, 16 - 0x20);
	assert_false(tls_next_call(code, sizeof(code), &at, &target));
	assert_int_equal(at, 16);
}

/* Both directions, and never the same place for both. */
static void
the_library_of_this_host_has_both_directions(void **state)
{
	static const char path[] = "/usr/lib/x86_64-linux-gnu/libssl.so.3";
	struct tls_sites s;
	struct err e = { 0 };
	size_t reads = 0, writes = 0;
	if (access(path, R_OK))
		skip();
	assert_int_equal(tls_sites_find(path, &s, &e), 0);
	assert_in_range(s.n, 2, TLS_SITES);
	for (size_t i = 0; i < s.n; i++) {
		reads += !s.sites[i].writes;
		writes += s.sites[i].writes;
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(s.sites[i].offset, s.sites[k].offset);
	}
	assert_in_range(reads, 1, 2);
	assert_int_equal(reads, writes);
}

static void
other_files_have_none(void **state)
{
	static const char *const paths[] = { "/proc/self/exe", "/etc/passwd", "/nowhere" };
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct tls_sites s = { .n = 77 };
		struct err e = { 0 };
		assert_int_equal(tls_sites_find(paths[i], &s, &e), -ENOENT);
		assert_int_equal(s.n, 77);
	}
}

RUN_TESTS(cmocka_unit_test(calls_are_found_one_after_another),
    cmocka_unit_test(the_library_of_this_host_has_both_directions),
    cmocka_unit_test(other_files_have_none))
