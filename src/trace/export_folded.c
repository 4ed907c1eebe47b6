/* SPDX-License-Identifier: MIT */
#include "trace/export_folded.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

static int
by_count(const void *a, const void *b)
{
	const struct export_stack *x = *(const struct export_stack *const *)a;
	const struct export_stack *y = *(const struct export_stack *const *)b;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->frames, y->frames);
}

int
export_folded(const char *path, const struct export_stack *stacks, size_t n, struct err *e)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	CLEANUP(free_p) const struct export_stack **order = calloc(n + 1, sizeof(*order));
	if (!order)
		abort();
	for (size_t i = 0; i < n; i++)
		order[i] = &stacks[i];
	qsort(order, n, sizeof(*order), by_count);
	for (size_t i = 0; i < n && order[i]->count > 0; i++)
		buf_printf(&text, "%s %" PRId64 "\n", order[i]->frames, order[i]->count);
	return file_write(path, buf_text(&text), text.size, e);
}
