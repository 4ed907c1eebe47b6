/* SPDX-License-Identifier: MIT */
#include "symbol/symbol.h"
#include "check.h"
#include "apart.h"

#include <libelf.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "symbol/elf_view.h"

static pthread_mutex_t inventory_lock = PTHREAD_MUTEX_INITIALIZER;
static int counted_things[16];

/* A function of the program that is not exported. */
static APART int
quite_private(int n)
{
	counted_things[n & 15]++;
	return counted_things[0];
}

/* The end of an instruction of this function, in the one that it was put into. */
static inline __attribute__((always_inline)) uint64_t
inlined_place(void)
{
	uint64_t here;
	__asm__ volatile("lea 0(%%rip), %0" : "=r"(here));
	return here;
}

static APART uint64_t
place_holder(void)
{
	counted_things[1]++;
	return inlined_place();
}

static void
names_functions(void **state)
{
	struct symbols *s = symbols_new();
	struct symbol out;
	uint64_t start = (uint64_t)(uintptr_t)quite_private;

	symbols_name(s, getpid(), start, true, &out);
	assert_string_equal(out.name, "quite_private");
	assert_string_equal(out.language, "native");
	assert_true(out.named && out.application);
	/* A call as the last thing of a function returns to the next one's first byte. */
	symbols_name(s, getpid(), start, false, &out);
	assert_string_not_equal(out.name, "quite_private");
	symbols_name(s, getpid(), (uint64_t)(uintptr_t)elf_version, true, &out);
	assert_false(out.application);
	symbols_name(s, getpid(), 16, true, &out);
	assert_false(out.named);
	assert_non_null(out.module);
	symbols_free(s);
}

static void
names_data(void **state)
{
	struct symbols *s = symbols_new();
	assert_string_equal(symbols_data_name(s, getpid(), (uint64_t)(uintptr_t)&inventory_lock),
	    "inventory_lock");
	assert_string_equal(symbols_data_name(s, getpid(),
	    (uint64_t)(uintptr_t)&counted_things[15]), "counted_things");
	int local;
	assert_null(symbols_data_name(s, getpid(), (uint64_t)(uintptr_t)&local));
	assert_null(symbols_data_name(s, getpid(), 0));
	symbols_free(s);
	assert_int_equal(pthread_mutex_trylock(&inventory_lock), 0);
	quite_private(3);
}

static int line_of_marked;

static APART uint64_t
marked(void)
{
	line_of_marked = __LINE__ + 1;
	return (uint64_t)(uintptr_t)__builtin_return_address(0);
}

static void
finds_lines(void **state)
{
	struct symbols *s = symbols_new();
	const char *file;
	int line;
	marked();
	if (!symbols_line(s, getpid(), (uint64_t)(uintptr_t)marked, &file, &line)) {
		symbols_free(s);
		SKIP("built without debug information");
	}
	assert_non_null(strstr(file, "symbol_test.c"));
	CHECK_NEAR(line, line_of_marked, 4);
	assert_false(symbols_line(s, getpid(), 16, &file, &line));
	symbols_free(s);
}

/* As lld lays them out: two segments share the page of the file at 0x1b000, which is mapped for each. */
static void
a_mapping_is_of_the_segment_that_begins_in_its_page(void **state)
{
	static const struct elf_view view = { .n_segments = 3, .segments = {
		{ .offset = 0, .vaddr = 0, .file_size = 0x1b8c0, .mem_size = 0x1b8c0 },
		{ .offset = 0x1b8c0, .vaddr = 0x1c8c0, .file_size = 0x4c330, .mem_size = 0x4c330 },
		{ .offset = 0x67bf0, .vaddr = 0x69bf0, .file_size = 0x3178, .mem_size = 0x3410 },
	} };
	static const struct { uint64_t offset, vaddr; } rows[] = {
		{ 0, 0 }, { 0x1b000, 0x1c000 }, { 0x67000, 0x69000 },
		{ 0x68000, 0x6a000 },   /* of the third, the rest behind what is only read */
	};
	uint64_t vaddr;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(elf_view_vaddr(&view, rows[i].offset, &vaddr));
		assert_int_equal(vaddr, rows[i].vaddr);
	}
	assert_false(elf_view_vaddr(&view, 0x6b000, &vaddr));
}

static void
gives_offsets_for_probes(void **state)
{
	uint64_t offset = symbols_function_offset("/proc/self/exe", "main");
	struct buf image = { 0 };
	struct err e;
	struct elf_view view;
	uint64_t vaddr;

	assert_true(offset > 0);
	assert_int_equal(file_read("/proc/self/exe", 64 << 20, &image, &e), 0);
	assert_int_equal(elf_view_init(&view, image.data, image.size), 0);
	assert_true(elf_view_vaddr(&view, offset, &vaddr));
	uint64_t back;
	assert_true(elf_view_offset(&view, vaddr, &back));
	assert_int_equal(back, offset);
	/* The bytes in the file there are those of the running function. */
	extern int main(void);
	assert_memory_equal(image.data + offset, (const void *)(uintptr_t)main, 16);
	assert_int_equal(symbols_function_offset("/proc/self/exe", "no_such_function"), 0);
	assert_int_equal(symbols_function_offset("/dev/null", "main"), 0);
	buf_done(&image);
}

static void
names_the_kernel_or_says_that_it_cannot(void **state)
{
	struct symbols *s = symbols_new();
	struct symbol out;
	symbols_kernel_name(s, 16, &out);
	assert_false(out.named);
	assert_string_equal(out.module, "[kernel]");
	assert_string_equal(out.language, "kernel");
	symbols_free(s);
}

static void
remembers_a_process_that_has_ended(void **state)
{
	struct symbols *s = symbols_new();
	struct symbol out;
	int gate[2];
	assert_int_equal(pipe(gate), 0);
	pid_t child = fork();
	if (child == 0) {
		char byte;
		close(gate[1]);
		_exit(read(gate[0], &byte, 1) != 0);
	}
	close(gate[0]);
	assert_int_equal(symbols_see(s, child), 0);
	close(gate[1]);
	int status;
	while (waitpid(child, &status, 0) < 0)
		;
	assert_int_not_equal(symbols_see(s, child), 0);
	symbols_name(s, child, (uint64_t)(uintptr_t)quite_private, true, &out);
	assert_string_equal(out.name, "quite_private");
	symbols_free(s);
}

static void
finds_inlined_functions(void **state)
{
#if defined(__x86_64__)
	struct symbols *s = symbols_new();
	struct symbol out;
	uint64_t ips[4], here = place_holder();

	symbols_name(s, getpid(), here, false, &out);
	assert_string_equal(out.name, "place_holder");
	assert_int_equal(symbols_inlined(s, getpid(), here, false, ips, 4), 2);
	static const char *const wanted[] = { "inlined_place", "place_holder" };
	int lines[2];
	for (size_t i = 0; i < 2; i++) {
		symbols_name(s, getpid(), ips[i], true, &out);
		assert_string_equal(out.name, wanted[i]);
		assert_non_null(strstr(out.file, "symbol_test.c"));
		assert_true(out.application && out.named);
		lines[i] = out.line;
	}
	assert_true(lines[0] > 0 && lines[1] > lines[0] && lines[1] < lines[0] + 12);
	assert_int_equal(symbols_inlined(s, getpid(), ips[0], true, ips, 4), 0);
	assert_int_equal(symbols_inlined(s, getpid(), (uint64_t)(uintptr_t)quite_private, true, ips, 4), 0);
	assert_int_equal(symbols_inlined(s, getpid(), (uint64_t)(uintptr_t)elf_version, true, ips, 4), 0);
	symbols_free(s);
#endif
}

RUN_TESTS(cmocka_unit_test(names_functions), cmocka_unit_test(finds_inlined_functions),
    cmocka_unit_test(names_data),
    cmocka_unit_test(finds_lines), cmocka_unit_test(a_mapping_is_of_the_segment_that_begins_in_its_page),
    cmocka_unit_test(gives_offsets_for_probes),
    cmocka_unit_test(names_the_kernel_or_says_that_it_cannot),
    cmocka_unit_test(remembers_a_process_that_has_ended))
