/* SPDX-License-Identifier: MIT */
/* The run as JSON. */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "run/run.h"

/* New references; the caller releases them with json_decref. */
json_t *run_to_json(const struct run *r);
json_t *run_schema(void);                 /* JSON Schema 2020-12 of run.json */

/* A new run (run_free) from a document; the error names the place ("findings[2].share"). */
int run_from_json(const json_t *j, struct run **ret, struct err *e);
