/* SPDX-License-Identifier: MIT */
/* python_lines: the line of an instruction, out of a code object's location table (3.11 on).
 * Sans-I/O: the bytes were read from another process and may be anything. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* `offset`: of the instruction in the code, bytes. Falls back to first_line. */
int python_line(const uint8_t *table, size_t size, int first_line, size_t offset);
