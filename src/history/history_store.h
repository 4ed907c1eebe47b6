/* SPDX-License-Identifier: MIT */
/* The index file: opening, mending, bringing up to date. Private to history/. */
#pragma once

#include <sqlite3.h>

#include "base/err.h"

static inline void
finalize_p(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
}

/* Open `file`; one that is no index of this version is made anew, empty. Where nothing can be written
 * the index is in memory. */
int history_store_open(const char *file, sqlite3 **ret, struct err *e);

/* Make the index say what the folder of runs holds. One transaction. */
int history_store_refresh(sqlite3 *db, const char *runs, struct err *e);

/* Fill `e` with what SQLite says; -EIO. */
int history_store_error(sqlite3 *db, const char *doing, struct err *e);
