/* SPDX-License-Identifier: MIT */
/* db: asks the service's databases about the statements that trace saw.
 *
 * Read-only. For SQLite the schema is copied into memory and candidate indexes are tried on the
 * copy, so that the database's own planner names the index that it would use. PostgreSQL is asked for
 * the statement's plan. */
#pragma once

#include "base/err.h"
#include "run/run.h"

/* For each of r->evidence.trace.queries: plan, scanned table, the index that would spare reading it.
 * `login`: the user's own connection URL, which never reaches the run; NULL none. What could not be
 * asked is said in r->eyes; never fails the run. */
void db_explain(struct run *r, const char *login);
