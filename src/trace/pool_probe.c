/* SPDX-License-Identifier: MIT */
#include "trace/pool_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "symbol/symbol.h"
#include "trace/sqlite_probe.h"

/* Debian's begins with `test %rdx,%rdx; je`: the jump is as good as a push. */
int
pool_probe_point(const uint8_t *code, size_t size, size_t *ret_skip)
{
	enum { TEST_BYTES = 3 };
	if (size >= TEST_BYTES + 2 && code[0] == 0x48 && code[1] == 0x85 && (code[2] & 0xc0) == 0xc0) {
		bool near = code[TEST_BYTES] == 0x0f && (code[TEST_BYTES + 1] & 0xfe) == 0x84;
		bool close = (code[TEST_BYTES] & 0xfe) == 0x74;
		*ret_skip = TEST_BYTES;
		return near || close ? 0 : -EINVAL;
	}
	return sqlite_probe_point(code, size, ret_skip) ? -EINVAL : 0;
}

static uint64_t
site_of(int fd, const char *path, const char *function, bool *ret_known)
{
	uint8_t code[16];
	size_t skip;
	uint64_t offset = symbols_function_offset(path, function);
	*ret_known |= offset != 0;
	return offset && pread(fd, code, sizeof(code), (off_t)offset) == sizeof(code) &&
	    !pool_probe_point(code, sizeof(code), &skip) ? offset + skip : 0;
}

/* libuv's own work (files, names of hosts) goes through uv__work_submit, which a stripped library
 * does not name: there only what others hand over is seen. */
int
pool_sites_find(const char *path, uint64_t sites[POOL_SITES], struct err *e)
{
	static const char *const functions[POOL_SITES] = { "uv_queue_work", "uv__work_submit" };
	bool known = false, any = false;
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < POOL_SITES; i++) {
		sites[i] = fd < 0 ? 0 : site_of(fd, path, functions[i], &known);
		any |= sites[i] != 0;
	}
	if (!known)
		return err_set(e, ENOENT, "no libuv in '%s'", path);
	return any ? 0 : err_set(e, ENOTSUP, "libuv in '%s' begins with an instruction whose probe would "
	    "cost 15 us a call", path);
}
