/* SPDX-License-Identifier: MIT */
/* prony load --find-max: the highest rate at which the promises hold. */
#pragma once

#include "cli/command.h"

struct load;

/* What can be searched for with these settings? Fills `e` when not. */
int find_max_check(const struct spec *s, struct err *e);

/* Search, seal the run where it has a folder, print table or JSON. Returns the exit status, or
 * -errno with `e` filled. */
int find_max(struct invocation *in, struct run *r, struct load *l, struct err *e);
