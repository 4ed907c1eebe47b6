/* SPDX-License-Identifier: MIT */
/* Tapes written by hand, times in microseconds, one process; for tests of assemble and paint. */
#pragma once

#include "trace/paint.h"

#define US INT64_C(1000)

extern struct tape tape;
extern struct assembly *assembly;

int begin(void **state);   /* a tape with an open window */
int end(void **state);

struct rec *add(enum rec_kind kind, int tid, int64_t ts);
void off(int tid, int64_t from, int64_t woken, int64_t to, int nr, int waker);
void poll(int tid, int64_t began, int64_t ended, int result);
struct rec *io(int tid, uint64_t conn, int64_t ts, int flags, int64_t arrival, int64_t blocked);
struct rec *request(int tid, uint64_t conn, int64_t arrival, int64_t read);   /* for /route */
struct rec *response(int tid, uint64_t conn, int64_t ts);
void peer(int tid, uint64_t conn, int64_t ts, int port);   /* the connection is one to a peer */
struct rec *ask(int tid, uint64_t conn, int64_t ts, const char *statement);   /* NULL: unknown protocol */
void reply(int tid, uint64_t conn, int64_t ts, int64_t arrival, int answers);
int64_t part(const struct canvas *c, enum run_part_kind kind);   /* us */
