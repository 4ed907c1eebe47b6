/* SPDX-License-Identifier: MIT */
/* postgres_login: a session with a PostgreSQL that the service uses, for reading only.
 *
 * With the user's own connection URL where there is one. Else, where prony runs as root or as the
 * server's own user, through the server's local socket as that user, which its usual rule "local
 * peer" admits. The session cannot write, gives up soon, and waits for no lock. */
#pragma once

#include "base/err.h"

struct pg_conn;                /* libpq's PGconn */

/* `database`: "host:port/name" or "path/name" as trace saw it; where it saw no name, the database that most
 * connections of the server are to. `login`: a connection URL; NULL none. */
int postgres_login(const char *database, const char *login, struct pg_conn **ret, struct err *e);
