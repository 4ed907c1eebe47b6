/* SPDX-License-Identifier: MIT */
/* Stages of load as people write them.
 *
 *   stages = stage { "," stage }
 *   stage  = rate [ ".." rate ] "for" duration
 *
 * "100/s..1k/s for 30s" goes from the one rate to the other evenly; "1k/s for 10s" holds one; "0 for
 * 5s" is a pause. Errors count characters from 1. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct stage {
	double from, to;       /* per second */
	int64_t for_ns;
	const char *text;      /* as written */
};

/* Add the stages in `text` to a list in the arena; on failure the list stays as it was. */
int stages_parse(const char *text, struct arena *a, struct stage **stages, size_t *n,
    struct err *e);
