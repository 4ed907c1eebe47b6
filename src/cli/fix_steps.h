/* SPDX-License-Identifier: MIT */
/* The steps of a plan that prony can apply, as changes. */
#pragma once

#include "experiment/executor.h"
#include "run/run.h"

/* Those that are named, in that order; all of them when none is. Changes are added to *changes in
 * the arena; their texts are the plan's own and `folder`. A step
 * that is named twice counts once. Errors name the step that is unknown, that there are two of, or
 * that only people can apply. */
int fix_steps_choose(const struct run *plan, const char *const *names, size_t n_names,
    const char *folder, struct arena *a, struct change_text **changes, size_t *n_changes,
    struct err *e);
