/* SPDX-License-Identifier: MIT */
/* Several sources as one stream of numbered chunks that end at line ends, handed to whichever
 * thread asks. A line longer than LOG_LINE_MAX is skipped whole and counted. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "import/source.h"

#define LOG_CHUNK_BYTES ((size_t)1 << 20)
#define LOG_LINE_MAX    ((size_t)64 << 10)

struct log_chunks {
	pthread_mutex_t lock;
	struct source **sources;
	size_t n_sources, current;
	char carry[LOG_LINE_MAX];      /* the begun line at the end of the last chunk */
	size_t carry_size;
	uint64_t next, long_lines;
	bool skipping;                 /* in a line that is too long */
	int failed;                    /* -errno; `why` says why */
	struct err why;
};

struct log_chunk {
	uint64_t number;
	size_t source;                 /* all of its lines are of this one */
	char *text;                    /* LOG_CHUNK_BYTES + LOG_LINE_MAX + 1 */
	size_t size;
};

/* The sources are borrowed, and outlive it. */
void log_chunks_start(struct log_chunks *c, struct source **sources, size_t n);
void log_chunks_done(struct log_chunks *c);

/* false at the end, and when reading failed. Any thread, each with a chunk of its own. */
bool log_chunks_next(struct log_chunks *c, struct log_chunk *chunk);
