/* SPDX-License-Identifier: MIT */
/* activity: which statements a PostgreSQL carries out for the service while it is loaded, as the server itself
 * tells: for where what goes over the wire is not seen.
 *
 * A thread asks ten times a second, over a session for reading only (postgres_login.h, pg_stat_activity). Where
 * prony is not let in the titles of the server's processes tell, on this host, what kind of statement each is
 * at. Only connections that the user of the service made from this host count. Values never leave memory. */
#pragma once

#include "run/run.h"

struct activity;

/* Asks the first PostgreSQL among r->system.peers, one that lets prony in before others. `login` as in
 * db_explain. NULL: there is none, or the wire is seen. What it lacks is said in r->eyes. */
struct activity *activity_start(struct run *r, const char *login);

/* Ends it: r->evidence.trace.queries, with the time that each had, and the part of it that it waited for a
 * lock (.released); its calls are not known. Accepts NULL. */
void activity_stop(struct activity *a, struct run *r);
