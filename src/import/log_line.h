/* SPDX-License-Identifier: MIT */
/* One line of an access log: bytes in, a request out. Nothing is kept, no line number is known.
 *
 * The kinds: what nginx and Apache write (common, combined, vhost_combined), HAProxy's httplog,
 * Envoy's default, and JSON objects (Caddy; others by the names of their keys). Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_TARGET_MAX 4096   /* longer ones are no request that is worth repeating */

struct slice { const char *at; size_t size; };

struct log_entry {
	struct slice method, target;   /* of the line, or of scratch */
	struct slice host;             /* size 0: not said */
	int status;                    /* 0: not said */
	int64_t time_ns;               /* since the epoch; -1: not said */
	char scratch[LOG_TARGET_MAX];  /* of a target that was escaped */
};

enum log_verdict {
	LOG_OTHER,     /* not a line of this kind */
	LOG_EMPTY,     /* of this kind, but without a request: garbage on the port, a health probe */
	LOG_REQUEST,
};

struct log_kind {
	const char *name, *about;
	enum log_verdict (*parse)(const char *line, size_t size, struct log_entry *ret);
};

/* NULL-terminated. */
extern const struct log_kind *const log_kinds[];

/* The kind that most of the first lines are of, at least half of them; NULL: none. */
const struct log_kind *log_kind_of(const char *head, size_t size);
