/* SPDX-License-Identifier: MIT */
/* The main job, shared by `prony check` and `prony demo`. */
#pragma once

#include "cli/command.h"

/* Measure the service of in->spec, name its limit, write the report and print the verdict.
 * Returns an enum status. */
int check_service(struct invocation *in);
