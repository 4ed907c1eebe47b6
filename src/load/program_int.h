/* SPDX-License-Identifier: MIT */
/* Private to the files that make a program. */
#pragma once

#include "load/program.h"
#include "scenario/scope.h"

struct making {
	struct program *p;
	const struct scenario *s;
	struct scope scope;
	struct scope_feeder *scope_feeders;
	const char *(*env)(const char *name);
	struct scenario_pair *headers; size_t n_headers;   /* of every HTTP request */
};

int route_make(struct making *m, const struct scenario_step *step, struct route *ret,
    struct err *e);
