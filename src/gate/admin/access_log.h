/* SPDX-License-Identifier: MIT */
/* The access log: lines of workers on their way to a file.
 *
 * A worker puts lines into a feed of its own and never waits: a thread writes, and when the file is so slow
 * that a feed is full, lines are dropped and counted. Lines of one worker stay in order. SIGUSR1's handler
 * asks for the file to be opened again, as log rotation wants it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gate/admin/access_line.h"

#define ACCESS_FEED_MAX ((size_t)1 << 20)   /* bytes of a feed that wait to be written, twice */

struct access_log;
struct access_feed;

/* For so many workers; `c` outlives it. Starts the thread. */
int access_log_open(const struct gate_access_log *c, size_t workers, struct access_log **ret,
    struct err *e);

/* Ends the thread when all is written. No worker may add any more. Accepts NULL. */
void access_log_close(struct access_log *log);

/* 0, or -errno: lines are being lost, as it cannot be written. Any thread. */
int access_log_code(const struct access_log *log);

void access_log_reopen(struct access_log *log);   /* any thread, or a signal handler */

/* The feed of a worker, from 0. */
struct access_feed *access_log_feed(struct access_log *log, size_t worker);

void access_feed_add(struct access_feed *f, const struct access_line *line);

/* Lines lost since the last call. By the worker. */
uint64_t access_feed_dropped(struct access_feed *f);
