/* SPDX-License-Identifier: MIT */
/* A database engine: how its databases are opened, and how one of its statements is explained.
 * Each is one file, engine_NAME.c, that defines `const struct engine engine_NAME`, and one line in
 * engines.def. */
#pragma once

#include "base/err.h"
#include "run/run.h"

struct engine {
	const char *name;        /* as in run_query.engine */
	/* Open `database` (run_query.database) for reading only, with the user's own connection URL where
	 * there is one (else NULL). `ret` is the engine's own. */
	int (*open)(const struct run *r, const char *database, const char *login, void **ret, struct err *e);
	/* Fill plan, scan_* and index_* of `q`; strings belong to r->arena. */
	int (*explain)(void *database, struct run *r, struct run_query *q, struct err *e);
	void (*close)(void *database);
};
