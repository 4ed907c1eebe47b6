/* SPDX-License-Identifier: MIT */
/* What the files of collect share: collect.c loads, attaches and hands out, collect_probes.c probes the
 * code of programs. */
#pragma once

#include "trace/collect.h"

#include <pthread.h>
#include <stdatomic.h>

#include <bpf/libbpf.h>

struct collect_bpf;           /* the skeleton, made by the build */

#define LINKS_MAX 512          /* four a process with SQLite, with Node, or a few more with OpenSSL */

struct links { struct bpf_link *items[LINKS_MAX]; size_t n; atomic_size_t taken; };

struct collect {
	struct collect_bpf *bpf;
	struct ring_buffer *ring;
	struct links links;            /* probes that are there all the time */
	struct links dear_links;       /* that cost each request some microseconds: not in long pauses */
	struct dear *dear;             /* where these are made */
	size_t n_dear;
	int dear_errors[COLLECT_DEAR];
	pthread_t leaver;              /* takes the dear ones away, which takes the kernel a while */
	bool leaving;
	collect_fn fn;
	size_t bytes;                  /* taken by the drain under way */
	void *ctx;
	bool has_arrivals, listens, has_rings, has_receives, rings;
};

void probes_enter(struct collect *c);      /* those of the dear ones that are not there */
void probes_done(struct collect *c);       /* takes all away, before the programs go */
