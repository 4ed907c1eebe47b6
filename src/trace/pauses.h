/* SPDX-License-Identifier: MIT */
/* pauses: when all threads of a process were held up together, by the collector of its runtime. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct pause { int64_t from, to; int pid; };

struct pauses { struct pause *items; size_t n; };

void pauses_add(struct pauses *p, struct arena *a, int pid, int64_t from, int64_t to);
void pauses_sort(struct pauses *p);     /* after the last one */

/* The first pause of a process that ends after `at`; NULL none. */
const struct pause *pauses_after(const struct pauses *p, int pid, int64_t at);
