/* SPDX-License-Identifier: MIT */
/* An engine, real sockets on 127.0.0.1, and what the sink heard. The peer is this thread too: what it does lies between two
 * waits, so that nothing here depends on speed. */
#pragma once

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "check.h"
#include "engine/engine.h"

#define GIVE_UP_NS (20 * NS_PER_S)
#define BIG        ((size_t)6 << 20)

/* What the sink heard of one connection. */
struct heard {
	char order[8];         /* c, r, b: the first few, repeated r once */
	int broken;
	size_t size;           /* received */
	char begin[64];        /* of it */
	size_t wrong;          /* bytes that are not pattern() */
	int64_t at_ns, seen_ns;
};

struct bench {
	const struct engine_ops *ops;
	struct engine *g;
	struct heard *heard;
	uint32_t n;
	int listener;
	struct addr addr;
	uint64_t connected, received, broken, accepted, sent, ended, woken;
	bool drop_at_receive, stay, full;
};

struct engine_row {
	const char *name;
	void (*run)(struct bench *b);
	uint32_t conns;
	bool stamped;          /* only with stamps */
};

/* Each ends with one that has no name. */
extern const struct engine_row engine_rows_calls[], engine_rows_server[];

char pattern(size_t at);
int listen_somewhere(struct addr *ret);

/* False: this kernel has no such engine, which is printed. */
bool bench_open(struct bench *b, const struct engine_ops *ops, uint32_t n, bool unstamped);
void bench_close(struct bench *b);

/* Wait until a count has been reached. */
void pump(struct bench *b, const uint64_t *count, uint64_t enough);

/* Deliver what is there, a few times over. */
void settle(struct bench *b);

/* A connection that is made; returns the peer's end of it. */
int join(struct bench *b, uint32_t conn);

void say(int fd, const char *text);
void expect(int fd, const char *text);

/* Bytes of the pattern, read by the peer while the engine works. */
void read_pattern(struct bench *b, int peer, size_t size);
