/* SPDX-License-Identifier: MIT */
/* Where the collector and the pool of a runtime are probed. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "trace/gc_probe.h"
#include "trace/pool_probe.h"
#include "check.h"

static void
only_cheap_points_of_a_pool_are_taken(void **state)
{
	static const struct { uint8_t code[8]; int want; size_t skip; } rows[] = {
		{ { 0x55, 0x48, 0x89, 0xe5 }, 0, 0 },                     /* push %rbp */
		{ { 0x48, 0x85, 0xd2, 0x0f, 0x84, 1 }, 0, 3 },            /* test %rdx,%rdx; je far */
		{ { 0x48, 0x85, 0xd2, 0x74, 0x10 }, 0, 3 },               /* test; je near */
		{ { 0xf3, 0x0f, 0x1e, 0xfa, 0x41, 0x54 }, 0, 4 },         /* endbr64; push %r12 */
		{ { 0x48, 0x85, 0xd2, 0x48, 0x89, 0xf8 }, -EINVAL, 0 },   /* test; mov */
		{ { 0x48, 0x83, 0xec, 0x10 }, -EINVAL, 0 },               /* sub $16,%rsp */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t skip = 77;
		assert_int_equal(pool_probe_point(rows[i].code, sizeof(rows[i].code), &skip), rows[i].want);
		if (!rows[i].want)
			assert_int_equal(skip, rows[i].skip);
	}
}

/* ---- marks in an ELF file made by hand ------------------------------------------------------- */

enum { NOTES = 0x400, NOTE_BYTES = 12 + 8 + 24 + 20 };

/* ELF64 with one segment (0x1000 at byte 0), sections: names, notes, base. */
static size_t
make_image(uint8_t *image, const char *done)
{
	static const char names[] = "\0.note.stapsdt\0.stapsdt.base\0.shstrtab";
	const uint64_t header[] = { 0, 0x3e0002, 0, 64, 0x800, 0, 0, 0 };
	const uint64_t segment[] = { 0x500000001, 0, 0x1000, 0x1000, 0x700, 0x700, 0x1000 };
	const struct { uint32_t name, type; uint64_t address, offset, size; } sections[] = {
		{ 0, 0, 0, 0, 0 }, { 1, 7, 0, NOTES, 2 * NOTE_BYTES }, { 15, 1, 0x1600, 0x600, 1 },
		{ 29, 3, 0, 0x300, sizeof(names) } };
	memcpy(image, "\x7f" "ELF\2\1\1", 7);
	memcpy(image + 16, header + 1, 7 * 8);
	memcpy(image + 16, &(uint16_t[]){ 2, 62 }, 4);
	memcpy(image + 32, &(uint64_t){ 64 }, 8);
	memcpy(image + 40, &(uint64_t){ 0x800 }, 8);
	memcpy(image + 52, &(uint16_t[]){ 64, 56, 1, 64, 4, 3 }, 12);
	memcpy(image + 64, segment, sizeof(segment));
	memcpy(image + 0x300, names, sizeof(names));
	for (size_t i = 0; i < 4; i++) {
		uint8_t *at = image + 0x800 + i * 64;
		memcpy(at, &sections[i].name, 4);
		memcpy(at + 4, &sections[i].type, 4);
		memcpy(at + 16, &sections[i].address, 24);
	}
	for (size_t i = 0; i < 2; i++) {
		uint8_t *at = image + NOTES + i * NOTE_BYTES;
		const uint64_t mark[] = { 0x1100 + 16 * i, 0x1500, 0x1200 + 2 * i };
		memcpy(at, &(uint32_t[]){ 8, 24 + 20, 3 }, 12);
		memcpy(at + 12, "stapsdt", 8);
		memcpy(at + 20, mark, sizeof(mark));
		snprintf((char *)at + 44, 20, "python%c%s", 0, "");
		snprintf((char *)at + 51, 13, "%s", i ? done : "gc__start");
	}
	return 0x800 + 4 * 64;
}

static void
marks_are_found(void **state)
{
	uint8_t image[0x1000] = { 0 };
	struct elf_view view;
	struct gc_sites sites = { 0 };
	size_t size = make_image(image, "gc__done");
	assert_int_equal(elf_view_init(&view, image, size), 0);
	assert_true(gc_marks_find(&view, &sites));
	assert_int_equal(sites.start, 0x200);        /* moved by 0x100 since, the segment's bytes at 0 */
	assert_int_equal(sites.done, 0x210);
	assert_int_equal(sites.start_gate, 0x300);
	assert_int_equal(sites.done_gate, 0x302);
	assert_int_equal(sites.function, 0);
	make_image(image, "gc__over");
	assert_false(gc_marks_find(&view, &sites));
	make_image(image, "gc__done");
	memcpy(image + NOTES, &(uint32_t){ UINT32_MAX }, 4);   /* a note longer than the section */
	assert_false(gc_marks_find(&view, &sites));
}

/* The runtimes that this host has: the probes sit on a push, or on the nop of a mark. */
static void
runtimes_are_known(void **state)
{
	static const char *const paths[] = { "/usr/bin/node", "/usr/bin/python3.11",
		"/usr/lib/x86_64-linux-gnu/libnode.so.108" };
	size_t seen = 0;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct gc_sites s = { 0 };
		struct err e = { 0 };
		uint8_t byte = 0;
		if (access(paths[i], R_OK) != 0 || gc_sites_find(paths[i], &s, &e) != 0)
			continue;
		seen++;
		int fd = open(paths[i], O_RDONLY);
		assert_int_equal(pread(fd, &byte, 1, (off_t)(s.function ? s.function : s.start)), 1);
		close(fd);
		assert_true(s.function ? (byte & 0xf8) == 0x50 || byte == 0x41 : byte == 0x90);
	}
	struct gc_sites none;
	struct err e = { 0 };
	assert_int_equal(gc_sites_find("/dev/null", &none, &e), -ENOENT);
	if (!seen)
		SKIP("no runtime with a collector that is known");
}

RUN_TESTS(cmocka_unit_test(only_cheap_points_of_a_pool_are_taken),
    cmocka_unit_test(marks_are_found), cmocka_unit_test(runtimes_are_known))
