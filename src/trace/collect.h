/* SPDX-License-Identifier: MIT */
/* collect: loads the BPF collector, attaches it to the service, hands out what it saw.
 *
 * One thread at a time. Nothing of the service is changed but uprobes on SQLite, OpenSSL and
 * its runtime, as far as it has them; closing takes everything away. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "trace/event.h"
#include "trace/task_place.h"

struct collect;

/* -EPERM, -ENOTSUP and such say that this rung is not to be had; err says why. */
int collect_open(struct collect **ret, struct err *e);
int collect_attach(struct collect *c, struct err *e);
void collect_close(struct collect *c);   /* accepts NULL */

void collect_add_process(struct collect *c, int pid);
void collect_add_port(struct collect *c, uint16_t port);

/* Calls on sockets then tell the coroutine of this thread, or the goroutine of this process. */
void collect_add_python_thread(struct collect *c, int tid, const struct python_place *place);
void collect_add_go(struct collect *c, int pid);

/* Who hands work to libuv's pool, by stacks (EV_STACK_HANDED), in an object (a library or the program) that
 * `pid` maps, in this process alone: others that use the library pay nothing.
 * -ENOENT: it has none; other errors: it has, but cannot be probed, and err says why. */
int collect_add_pool(struct collect *c, int pid, const char *path, struct err *e);
/* Each garbage collection in this object file, as seen by the process: EV_GC. Errors as above. */
int collect_add_gc(struct collect *c, int pid, const char *path, struct err *e);

/* From the next window on, what io_uring moves on sockets is told like calls. False: this kernel does
 * not say. */
bool collect_add_rings(struct collect *c);
/* Probes that each request pays some microseconds for: taken away in long pauses, and made again. Errors
 * as above, but what only shows when they are made in a window: a negative errno of collect_dear_error. */
enum collect_dear { COLLECT_SQLITE, COLLECT_TLS, COLLECT_DEAR };
/* Statements of SQLite; from now on. */
int collect_add_sqlite(struct collect *c, int pid, const char *path, struct err *e);
/* What OpenSSL in this object file reads and writes in the clear: EV_IO with EV_IO_CLEAR. From the first
 * window on, so that what is measured before is the service as it is. */
int collect_add_tls(struct collect *c, int pid, const char *path, struct err *e);
int collect_dear_error(const struct collect *c, enum collect_dear kind);
bool collect_has_dear(const struct collect *c);
/* The dear probes go until the next window. */
void collect_leave_dear(struct collect *c);
/* Whoever was sent to take them away has done so. */
void collect_settle(struct collect *c);

/* The return address that a statement probe's trampoline took the place of, for
 * symbols_set_returns; 0 unknown. `collect` is a struct collect. Any thread. */
uint64_t collect_return(void *collect, int pid, uint64_t slot);

/* From now on the names that statements of PostgreSQL get are told between windows too. It costs
 * every process of the host some ten ns a system call. */
void collect_names(struct collect *c);

/* Other events are sent only inside a window; returns when it began, some time after it was asked for:
 * dear probes are made first. */
int64_t collect_window_open(struct collect *c);
void collect_window_close(struct collect *c, bool for_long);   /* for_long: what is dear goes meanwhile */

/* Threads that are off CPU as the window closes: since when, in which call. Call before close. */
struct collect_sleeper { uint32_t tid, pid; int64_t out, wake; bool preempted, known; };
size_t collect_sleepers(struct collect *c, struct collect_sleeper *out, size_t max);

/* Every event since the last call, about in order of time. Returns how many bytes they were, of EV_RING_BYTES
 * that there is room for. */
typedef void (*collect_fn)(void *ctx, const struct ev_head *event, size_t size);
size_t collect_drain(struct collect *c, collect_fn fn, void *ctx);

uint64_t collect_dropped(const struct collect *c);       /* events */
uint64_t collect_stacks_lost(const struct collect *c);
/* When the window that is open has ended by itself, because there was no room for an event; 0: it goes on. So
 * what a window tells has no hole in it. */
int64_t collect_full_at(const struct collect *c);

/* What the latest full collections of a process left of its heap, in order of time. */
struct collect_kept { int64_t at_ns; uint64_t bytes; };
size_t collect_kept(const struct collect *c, int pid, struct collect_kept *out, size_t max);
void collect_set_stack_period(struct collect *c, int64_t ns);
bool collect_has_streams(void);   /* this kernel lets it read HTTP/2 */
bool collect_has_arrivals(const struct collect *c);   /* kernel arrival times are seen */

/* CPU ns that the collector has taken of the service's threads so far, estimated. */
int64_t collect_paid(const struct collect *c);
