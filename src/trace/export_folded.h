/* SPDX-License-Identifier: MIT */
/* export_folded: stacks as text, "root;caller;leaf COUNT" a line, heaviest first: what flame graph
 * tools read. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct export_stack {
	const char *frames;    /* "root;caller;leaf"; a frame may end with " (file:line)" */
	int64_t count;         /* samples; of waits microseconds */
	int64_t ns;            /* time that it stands for (not in folded files) */
};

/* Stacks with a count below 1 are left out. */
int export_folded(const char *path, const struct export_stack *stacks, size_t n, struct err *e);
