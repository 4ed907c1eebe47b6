/* SPDX-License-Identifier: MIT */
/* Rows of a CSV file (RFC 4180) for the arrivals: which row serves arrival i is a function of the
 * seed and i alone, so two runs feed the same values.
 *
 * The first line names the columns. Values may stand in quotes, which are doubled inside; lines end
 * with LF or CRLF; a byte order mark and empty lines are passed over. All values lie in one block
 * with 4 bytes for each on top. At most 2 GiB, 50 million rows, 256 million values. Read-only after
 * loading: any thread. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/view.h"
#include "scenario/scenario.h"
#include "scenario/zipf.h"

#define FEEDER_MAX_BYTES   ((size_t)2 << 30)
#define FEEDER_MAX_ROWS    UINT32_C(50000000)
#define FEEDER_MAX_VALUES  ((size_t)256 << 20)
#define FEEDER_MAX_COLUMNS 4096

struct feeder {
	const char *const *columns;    /* names; in the arena, as the struct is */
	uint32_t n_columns;
	uint64_t n_rows;               /* at least 1 */
	enum scenario_order order;
	uint64_t salt;                 /* keeps feeders of one seed apart */

	/* The rest is the feeder's own. */
	struct buf values;             /* one after the other */
	uint32_t *ends;                /* of each value in that block, row by row */
	size_t n_ends, ends_allocated;
	struct zipf zipf;              /* over the rows, the first is the most frequent */
};

/* `folder`: what a relative file name is relative to. Release with feeder_free. */
int feeder_load(const struct scenario_feeder *from, const char *folder, struct arena *a,
    struct feeder **ret, struct err *e);
/* The same from bytes; takes over `csv` (also on failure); `name` stands in errors. */
int feeder_parse(const struct scenario_feeder *from, struct buf *csv, const char *name,
    struct arena *a, struct feeder **ret, struct err *e);
void feeder_free(struct feeder *f);   /* accepts NULL */

/* The row that serves arrival i. */
uint64_t feeder_row(const struct feeder *f, uint64_t seed, uint64_t i);

/* Lives as long as the feeder. */
static inline struct view
feeder_value(const struct feeder *f, uint64_t row, uint32_t column)
{
	size_t at = row * f->n_columns + column;
	uint32_t start = at ? f->ends[at - 1] : 0;
	return (struct view){ f->values.data + start, f->ends[at] - start };
}
