/* SPDX-License-Identifier: MIT */
/* hotspot_method: name, file and lines of a Java method, out of the machine's memory
 * (share/oops/constMethod.hpp, constantPool.hpp, symbol.hpp). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "symbol/hotspot_layout.h"

struct hotspot_method {
	const char *name;        /* "com.shop.Cart.score" */
	const char *file;        /* "Cart.java"; NULL unknown */
	const uint8_t *lines;    /* compressed table, NULL: none */
	size_t lines_size;
	uint64_t code;           /* address of its first byte code */
	uint32_t code_size;
	bool application;
};

/* Texts and table go to the arena, of the table at most `lines_max` bytes. False when there is no
 * method at the address. */
bool hotspot_method_read(const struct hotspot_layout *l, const struct hotspot_memory *m,
    struct arena *a, uint64_t address, size_t lines_max, struct hotspot_method *ret);

/* Line of a byte code, 0 unknown. The table is a list of (bci, line) differences: a byte of five and
 * three bits, or 0xff and two numbers with their sign in the lowest bit (share/code/compressedStream,
 * share/oops/method.cpp); 0 ends it. */
int hotspot_method_line(int version, const struct hotspot_method *m, int32_t bci);
