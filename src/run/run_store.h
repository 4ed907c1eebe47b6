/* SPDX-License-Identifier: MIT */
/* The run on disk: a folder with run.json and raw evidence beside it.
 *
 * A run is saved after each phase with "sealed": false and once more, sealed, at its end. Each
 * save replaces run.json in one step, so a reader never sees half a document, and a run that was
 * killed is told from a whole one by its seal. */
#pragma once

#include "base/err.h"
#include "run/run.h"

#define RUN_JSON_MAX_BYTES ((size_t)1 << 20)

/* Make the run's folder: `out`, or .prony/runs/<time>-<name>-<id>/ with `latest` pointing at it
 * when out is NULL. Sets r->id, r->created and r->folder, and saves for the first time. */
int run_create(struct run *r, const char *out, struct err *e);

/* Write run.json; the heaviest lists are cut until it fits RUN_JSON_MAX_BYTES, before the seal with room to
 * spare. So save before anything is concluded: a run that is read back must give the same conclusions. */
int run_save(struct run *r, struct err *e);

/* Mark complete and save. */
int run_seal(struct run *r, struct err *e);

/* Read a run: a folder, a run.json, or NULL or "latest" for the newest under .prony/runs. */
int run_load(const char *path, struct run **ret, struct err *e);

/* Write a file beside run.json. */
int run_write(const struct run *r, const char *name, const void *data, size_t size, struct err *e);
