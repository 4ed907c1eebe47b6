/* SPDX-License-Identifier: MIT */
/* Somebody else's SQLite database, opened so that nothing about it can change: no byte written, no
 * file made beside it, none removed, whatever state it is in. */
#pragma once

#include <sqlite3.h>
#include <stdint.h>

#include "base/err.h"

/* `path` is used as it is, symbolic links of /proc/PID/root included. */
int sqlite_file_open(const char *path, sqlite3 **ret, struct err *e);

/* Bound what the next statement on `db` may take: it ends with SQLITE_INTERRUPT after so much of this
 * thread's CPU, so that what is found does not depend on how busy the host is, or after many times
 * that, whatever it waits for. */
struct sqlite_deadline { int64_t cpu_ns, at_ns; };
void sqlite_deadline_set(sqlite3 *db, struct sqlite_deadline *d, int64_t ns);

/* Rows that the planner believes in (sqlite_stat1), else the highest rowid, else counted up to
 * 100000. NAN: not known. */
double sqlite_file_rows(sqlite3 *db, const char *table);

/* Different values of a column among the first 1000 rows, as a share of them: how well an index
 * on it would select. 0 when there are none. */
double sqlite_file_distinct(sqlite3 *db, const char *table, const char *column);
