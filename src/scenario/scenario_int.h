/* SPDX-License-Identifier: MIT */
/* Between the files that make a scenario from a YAML tree. */
#pragma once

#include "scenario/scenario.h"
#include "yaml/take.h"

/* { name: text }, or a list of such. */
int take_pairs(struct loading *l, const char *key, const struct node *n,
    struct scenario_pair **ret, size_t *ret_n);

/* A step; `in_flow`: the flow's weight stands beside its keys. */
int take_step(struct loading *l, const struct node *n, bool in_flow, struct scenario_step *ret);

/* What needs the whole: names in expressions, syntax of patterns, kinds that go together. */
int scenario_check(struct loading *l, const struct scenario *s);
