/* SPDX-License-Identifier: MIT */
/* Where libuv takes work for its pool of threads, in an object file. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

enum { POOL_SITES = 2 };

/* File offsets for probes where work is taken; 0 unknown. -ENOENT: no libuv inside. -ENOTSUP:
 * probes would be too dear. */
int pool_sites_find(const char *path, uint64_t sites[POOL_SITES], struct err *e);

/* Of a function's machine code: how many bytes to step over to an instruction that the kernel can
 * emulate while the return address still lies on top of the stack. -EINVAL: none. Pure. */
int pool_probe_point(const uint8_t *code, size_t size, size_t *ret_skip);
