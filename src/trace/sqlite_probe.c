/* SPDX-License-Identifier: MIT */
/* A strict reader of the few machine instructions that matter. */
#include "trace/sqlite_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "symbol/symbol.h"

#define CODE_BYTES 64

static size_t
landing_pad(const uint8_t *code, size_t size)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	return size >= 4 && !memcmp(code, endbr64, 4) ? 4 : 0;
}

/* Steps over `push %rbp; mov %rsp,%rbp`, `test %rdi,%rdi`, a conditional jump and `xor %eax,%eax`,
 * then takes `mov off(%rdi),%rax`. */
int
sqlite_text_field(const uint8_t *code, size_t size, uint64_t *ret_offset)
{
	static const struct { uint8_t bytes[3]; size_t size, skip; } steps[] = {
		{ { 0x55 }, 1, 1 },                  /* push %rbp */
		{ { 0x48, 0x89, 0xe5 }, 3, 3 },      /* mov %rsp,%rbp */
		{ { 0x48, 0x85, 0xff }, 3, 3 },      /* test %rdi,%rdi */
		{ { 0x31, 0xc0 }, 2, 2 },            /* xor %eax,%eax */
		{ { 0x74 }, 1, 2 },                  /* je */
		{ { 0x75 }, 1, 2 },                  /* jne */
	};
	size_t at = landing_pad(code, size), i;
	do {
		for (i = 0; i < COUNT_OF(steps); i++)
			if (at + 3 <= size && !memcmp(code + at, steps[i].bytes, steps[i].size))
				break;
		at += i < COUNT_OF(steps) ? steps[i].skip : 0;
	} while (i < COUNT_OF(steps));
	if (at + 7 > size || code[at] != 0x48 || code[at + 1] != 0x8b)
		return -EINVAL;
	if (code[at + 2] == 0x47) {                      /* mov disp8(%rdi),%rax */
		if (code[at + 3] >= 0x80)
			return -EINVAL;
		*ret_offset = code[at + 3];
		return 0;
	}
	if (code[at + 2] != 0x87)                        /* mov disp32(%rdi),%rax */
		return -EINVAL;
	uint32_t offset = code[at + 3] | (uint32_t)code[at + 4] << 8 | (uint32_t)code[at + 5] << 16 |
	    (uint32_t)code[at + 6] << 24;
	if (offset > 4096)
		return -EINVAL;
	*ret_offset = offset;
	return 0;
}

int
sqlite_probe_point(const uint8_t *code, size_t size, size_t *ret_skip)
{
	size_t at = landing_pad(code, size);
	if (at + 2 > size)
		return -EINVAL;
	bool push = (code[at] & 0xf8) == 0x50 || (code[at] == 0x41 && (code[at + 1] & 0xf8) == 0x50);
	if (!push && code[at] != 0x90)
		return -ENOTSUP;
	*ret_skip = at;
	return 0;
}

static int
code_at(int fd, uint64_t offset, uint8_t code[CODE_BYTES])
{
	return offset && pread(fd, code, CODE_BYTES, (off_t)offset) == CODE_BYTES ? 0 : -ENOENT;
}

/* File offset for a probe at a function's beginning; 0 when it is absent or would be too dear. */
static uint64_t
probe_site(int fd, const char *path, const char *function)
{
	uint8_t code[CODE_BYTES];
	size_t skip;
	uint64_t offset = symbols_function_offset(path, function);
	if (code_at(fd, offset, code) || sqlite_probe_point(code, sizeof(code), &skip))
		return 0;
	return offset + skip;
}

int
sqlite_sites_find(const char *path, struct sqlite_sites *ret, struct err *e)
{
	uint8_t code[CODE_BYTES];
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || code_at(fd, symbols_function_offset(path, "sqlite3_step"), code))
		return err_set(e, ENOENT, "no SQLite in '%s'", path);
	struct sqlite_sites s = {
		.step = probe_site(fd, path, "sqlite3_step"),
		.reset = probe_site(fd, path, "sqlite3_reset"),
		.finalize = probe_site(fd, path, "sqlite3_finalize"),
	};
	if (!s.step)
		return err_set(e, ENOTSUP, "sqlite3_step in '%s' begins with an instruction whose "
		    "probe would cost 15 us a call", path);
	if (code_at(fd, symbols_function_offset(path, "sqlite3_sql"), code) ||
	    sqlite_text_field(code, sizeof(code), &s.text_field))
		return err_set(e, ENOTSUP, "cannot tell where SQLite in '%s' keeps a statement's text",
		    path);
	*ret = s;
	return 0;
}
