/* SPDX-License-Identifier: MIT */
/* The purges of a gate in their order, for whoever carries them on: a second level, a CDN.
 *
 * The latest are in memory. Where there is a file, each is also appended there and synced before it is
 * answered for, so that one that was not carried on before an end is carried on after the next start; those
 * that came from another gate are not: their log is there. Readers take purges in order at their own
 * pace and say how far they have come. One who has fallen behind what is kept is told so, and has to
 * treat everything as purged: a purge is never lost silently.
 *
 * The file, a line each, is for people too:
 *	12 2026-11-22T03:12:00Z tag hard shop-7
 *	done fastly 12
 * A line without an end was being written when the gate was killed: it was not answered for. A line
 * that is not understood counts as a purge of everything. While the disk is full purges are in force, but whoever
 * asks is told that they were not written; when there is room again, all that is needed is. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "gate/purge/purge.h"

#define PURGE_LOG_KEPT  4096                /* purges in memory, */
#define PURGE_LOG_BYTES ((size_t)8 << 20)   /* and bytes of their texts */
#define PURGE_READERS   16
#define PURGE_NAME_MAX  64

struct purge_entry {
	uint64_t number;
	int64_t wall_ns;
	struct purge purge;
};

/* ---- lines: pure ---- */

void purge_line_write(const struct purge_entry *entry, struct buf *out);

enum purge_line { PURGE_LINE_ENTRY, PURGE_LINE_DONE, PURGE_LINE_BAD };

/* Of a line without its end; the texts of *ret are views of it. DONE: *ret_reader has carried on all up to
 * ret->number. */
enum purge_line purge_line_read(struct text line, struct purge_entry *ret, struct text *ret_reader);

/* ---- the log ---- */

struct purge_log;

/* `path` NULL: there is no file. What is there is read; what nobody needs any more is dropped. */
int purge_log_open(const char *path, struct purge_log **ret, struct err *e);
void purge_log_close(struct purge_log *log);   /* its readers have ended; accepts NULL */

/* Any thread, as all that follows. Returns its number; *ret_code: 0, or -errno of the file. */
uint64_t purge_log_add(struct purge_log *log, const struct purge *p, int64_t wall_ns, int *ret_code);

/* The file is written anew: somebody else may have written it, and has not gone on with it, or it could not be
 * written. 0 or -errno. */
int purge_log_renew(struct purge_log *log);
/* 0, or -errno: what is in the file is not all. */
int purge_log_code(struct purge_log *log);
/* The file is somebody else's from now on. */
void purge_log_leave_file(struct purge_log *log);

struct purge_reader {
	const char *name;               /* of letters, digits and "-_.": in the file it stands for the reader */
	void (*wake)(void *ctx);        /* there is a new purge: from any thread, not to wait for anything */
	void *ctx;
	uint64_t done;                  /* all up to this one is carried on; by purge_log_subscribe */
	struct purge_reader *next;      /* the log's */
};

/* From now on `r` is woken, until purge_log_leave. r->done is what the file says of its name; for one whose name is
 * new, the latest purge. While one configuration follows another, there are two of a name: what either has carried on
 * is carried on. -ENOSPC. */
int purge_log_subscribe(struct purge_log *log, struct purge_reader *r);
void purge_log_leave(struct purge_log *log, struct purge_reader *r);

/* The first purge after number `after`, its text copied into `text`: 1. 0: there is none. -ESTALE: some are
 * lost; ret->number is the latest: everything up to it counts as purged. */
int purge_log_next(struct purge_log *log, uint64_t after, struct purge_entry *ret, struct buf *text);

/* `r` has carried on all up to `number`. */
void purge_log_done(struct purge_log *log, struct purge_reader *r, uint64_t number);

uint64_t purge_log_done_by(struct purge_log *log, const struct purge_reader *r);   /* number; for who looks */
uint64_t purge_log_latest(struct purge_log *log);   /* 0: none yet */
uint64_t purge_log_needless(struct purge_log *log); /* all up to this one is carried on by all, also by who is not here */
uint64_t purge_log_eldest(struct purge_log *log);   /* that is kept; 0: none */
