/* SPDX-License-Identifier: MIT */
#include "experiment/executor.h"

#include <string.h>

#include "base/cleanup.h"

#define EXECUTOR(id) extern const struct executor executor_##id;
#include "experiment/executors.def"
#undef EXECUTOR

static const struct executor *const executors[] = {
#define EXECUTOR(id) &executor_##id,
#include "experiment/executors.def"
#undef EXECUTOR
};

const struct executor *
executor_named(const char *name)
{
	for (size_t i = 0; name && i < COUNT_OF(executors); i++)
		if (strcmp(executors[i]->name, name) == 0)
			return executors[i];
	return NULL;
}
