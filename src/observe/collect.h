/* SPDX-License-Identifier: MIT */
/* A collector: one file collect_NAME.c that defines collect_NAME, one line in collectors.def. */
#pragma once

#include "observe/series.h"
#include "observe/service.h"

struct collector {
	const char *name, *about;
	/* Declare series and keep what sampling needs; NULL when nothing of it can be seen here. */
	void *(*open)(const struct service *s, struct sink *k);
	void (*sample)(void *state, const struct service *s, int64_t now_ns, struct sink *k);
	void (*close)(void *state);
};

extern const struct collector *const collectors[];
extern const size_t n_collectors;

/* Zeroed memory for a collector's state; aborts when there is none. */
void *collect_alloc(size_t size);
