/* SPDX-License-Identifier: MIT */
/* export_pprof: on-CPU stacks as a gzipped protocol buffer that `go tool pprof` and the common
 * profile viewers read (their profile.proto). Values of a sample: count, and CPU nanoseconds. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "trace/export_folded.h"

struct export_profile {
	const struct export_stack *stacks; size_t n_stacks;
	int64_t wall_ns;       /* when it began, since the epoch */
	int64_t duration_ns;
	int64_t period_ns;     /* CPU time between two samples */
};

/* The message alone, not compressed. */
void export_pprof_encode(const struct export_profile *p, struct buf *out);
int export_pprof(const char *path, const struct export_profile *p, struct err *e);
