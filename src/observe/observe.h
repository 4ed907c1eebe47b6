/* SPDX-License-Identifier: MIT */
/* observe: finds the service behind a URL and samples what it and its host use.
 *
 * Reads /proc, /sys/fs/cgroup and netlink; changes nothing, needs no privilege (what a missing
 * one hides is named in run->eyes). */
#pragma once

#include "base/err.h"
#include "run/run.h"
#include "spec/spec.h"

/* Which processes listen behind spec's URLs (or are spec->pid, spec->unit), with their children,
 * runtime, cgroup and container; their peers; the host. Fills r->system and r->host. A service
 * on another host leaves the process list empty and says so in r->eyes. */
int observe_find(const struct spec *spec, struct run *r, struct err *e);

/* Look again for processes and peers that came since (workers forked under load). */
void observe_refresh(struct run *r);

/* A reverse proxy passes requests on: who answers behind it on this host belongs to the service. Between these two it has
 * to be asked. NULL: the service is none. The second adds to r->system what was found, and says so in r->eyes; returns how
 * many processes. Releases it. */
struct observe_behind;
struct observe_behind *observe_behind_start(const struct run *r);
size_t observe_behind_stop(struct observe_behind *b, struct run *r);

/* Which process of the service (r->system) holds the accepted end of a TCP connection, asked for many
 * of them at a time: `observe_owner` is what load_spread asks. Addresses NULL: forget; what is asked
 * next looks at the connections and open files of the service once, and answers from that look until
 * the next NULL or another port. Returns the process, or 0 where it is not known: not accepted yet,
 * files that may not be seen, another host or network namespace. Where several processes have the end
 * open, the youngest: it was handed to or inherited by that one. One thread at a time; `r` is
 * borrowed. */
struct observe_owners;
struct sockaddr;
struct observe_owners *observe_owners_new(const struct run *r);
int64_t observe_owner(void *owners, const struct sockaddr *local, const struct sockaddr *remote);
void observe_owners_free(struct observe_owners *o);      /* accepts NULL */

/* Sampling runs in a thread of its own, once per 250 ms. */
struct observe;
int observe_start(struct run *r, struct observe **ret, struct err *e);

/* Cores used by the service since the last call (load_set_cpu_hook). Any thread. */
double observe_service_cores(void *observe);

/* Resident memory of its processes now, bytes; pages that they share count in each. Any thread. */
double observe_service_rss(struct observe *o);

/* Between these two the figures count for the means and slopes of the series. */
void observe_mark_begin(struct observe *o);
void observe_mark_end(struct observe *o);

/* Stop; add r->evidence.series, fill the resource figures of r->baseline (cpu, rss_bytes,
 * io_wait, net_bytes_per_s, cpu_per_request) and r->host.steal. Releases `o`. */
void observe_stop(struct observe *o, struct run *r);

/* Is every process of the service that listened at the start still there? On false `why` says
 * which one went, and how, for people. */
bool observe_alive(const struct run *r, char *why, size_t why_size);
