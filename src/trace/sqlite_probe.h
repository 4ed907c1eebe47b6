/* SPDX-License-Identifier: MIT */
/* Where SQLite's functions are in an object file and where a statement keeps its text. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct sqlite_sites {
	uint64_t step, reset, finalize;   /* file offsets for uprobes; reset, finalize: 0 unknown */
	uint64_t text_field;              /* offset of the text pointer inside a sqlite3_stmt */
};

/* -ENOENT: no SQLite inside. -ENOTSUP: there is, but a probe would be wrong or too dear. */
int sqlite_sites_find(const char *path, struct sqlite_sites *ret, struct err *e);

/* sqlite3_sql(stmt) is `return stmt ? stmt->text : 0`: read the field's offset from its machine
 * code. -EINVAL when the code is not of the few known forms. Pure. */
int sqlite_text_field(const uint8_t *code, size_t size, uint64_t *ret_offset);

/* Can the kernel emulate the instruction at the probe, or would each hit be single-stepped (30
 * times dearer)? *ret_skip: bytes to step over first (a landing pad). Pure. */
int sqlite_probe_point(const uint8_t *code, size_t size, size_t *ret_skip);
