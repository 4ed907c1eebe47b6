/* SPDX-License-Identifier: MIT */
#include "observe/collect.h"

#include <stdlib.h>

#define COLLECTOR(name) extern const struct collector collect_##name;
#include "observe/collectors.def"
#undef COLLECTOR

#define COLLECTOR(name) &collect_##name,
const struct collector *const collectors[] = {
#include "observe/collectors.def"
};
#undef COLLECTOR
const size_t n_collectors = sizeof(collectors) / sizeof(collectors[0]);

void *
collect_alloc(size_t size)
{
	void *p = calloc(1, size);
	if (!p)
		abort();
	return p;
}
