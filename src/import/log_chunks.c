/* SPDX-License-Identifier: MIT */
#include "import/log_chunks.h"

#include <string.h>

#include "base/stop.h"

void
log_chunks_start(struct log_chunks *c, struct source **sources, size_t n)
{
	memset(c, 0, sizeof(*c));
	pthread_mutex_init(&c->lock, NULL);
	c->sources = sources;
	c->n_sources = n;
}

void
log_chunks_done(struct log_chunks *c)
{
	pthread_mutex_destroy(&c->lock);
}

/* Leaves out the rest of a line that was too long. */
static void
skip_long(struct log_chunks *c, struct log_chunk *chunk)
{
	const char *end = memchr(chunk->text, '\n', chunk->size);

	if (!end) {
		chunk->size = 0;
		return;
	}
	c->skipping = false;
	chunk->size -= (size_t)(end + 1 - chunk->text);
	memmove(chunk->text, end + 1, chunk->size);
}

/* What stands after the last line end goes to the next chunk; it is a line without an end when the
 * source is over, and no line at all when it is too long. */
static void
cut_at_line(struct log_chunks *c, struct log_chunk *chunk, bool over)
{
	const char *last = memrchr(chunk->text, '\n', chunk->size);
	size_t whole = last ? (size_t)(last + 1 - chunk->text) : 0, rest = chunk->size - whole;

	if (over && rest <= LOG_LINE_MAX)
		return;
	chunk->size = whole;
	if (rest > sizeof(c->carry)) {
		c->long_lines++;
		c->skipping = !over;
		return;
	}
	memcpy(c->carry, chunk->text + whole, rest);
	c->carry_size = rest;
}

static bool
fill(struct log_chunks *c, struct log_chunk *chunk)
{
	memcpy(chunk->text, c->carry, c->carry_size);
	chunk->size = c->carry_size;
	c->carry_size = 0;
	long n = source_read(c->sources[c->current], chunk->text + chunk->size, LOG_CHUNK_BYTES, &c->why);
	if (n < 0) {
		c->failed = (int)n;
		return false;
	}
	chunk->size += (size_t)n;
	chunk->source = c->current;
	if (c->skipping)
		skip_long(c, chunk);
	bool over = (size_t)n < LOG_CHUNK_BYTES;
	cut_at_line(c, chunk, over);
	if (over) {
		c->current++;
		c->skipping = false;
	}
	return true;
}

bool
log_chunks_next(struct log_chunks *c, struct log_chunk *chunk)
{
	bool more;

	pthread_mutex_lock(&c->lock);
	more = !c->failed && c->current < c->n_sources && !stop_requested() && fill(c, chunk);
	if (more)
		chunk->number = c->next++;
	pthread_mutex_unlock(&c->lock);
	return more;
}
