/* SPDX-License-Identifier: MIT */
/* What both sources of PostgreSQL share: a connection that the end of the gate interrupts. */
#pragma once

#include "gate/warm/events_int.h"

struct pg_conn;                 /* libpq's PGconn */
struct pg_result;               /* libpq's PGresult */

void postgres_done(struct pg_conn **c);

/* A hash of the server, its database and this name there. */
uint64_t postgres_id(const struct source *s, const char *name);

/* `replication`: for START_REPLICATION as well as SQL. 0 with NULL in *ret: the gate ends. */
int postgres_connect(struct source *s, bool replication, struct pg_conn **ret, struct err *e);
/* What the server or the connection said last, in one line. */
int postgres_said(struct pg_conn *c, struct err *e);
/* A statement whose rows, if any, are in *ret; NULL: not wanted. */
int postgres_ask(struct source *s, struct pg_conn *c, const char *sql, struct pg_result **ret, struct err *e);
