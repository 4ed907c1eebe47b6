/* SPDX-License-Identifier: MIT */
#include "gate/compress/compressor.h"

#include <errno.h>
#include <stdlib.h>

#include "gate/compress/coder.h"

#define IDLE_MAX 4     /* kept of each kind */

struct compressor {
	const struct coder *coder;
	void *state;
	struct compressor *next;     /* on the shelf */
};

struct shelf {
	struct {
		struct compressor *first;
		int n;
	} idle[CODINGS][COMPRESS_EFFORTS];
};

static const struct coder *const coders[CODINGS][COMPRESS_EFFORTS] = {
#ifdef HAVE_ISAL
	[CODING_GZIP] = { &coder_gzip_isal, &coder_gzip_zlib },
	[CODING_DEFLATE] = { &coder_deflate_isal, &coder_deflate_zlib },
#else
	[CODING_GZIP] = { &coder_gzip_zlib_quick, &coder_gzip_zlib },
	[CODING_DEFLATE] = { &coder_deflate_zlib_quick, &coder_deflate_zlib },
#endif
	[CODING_BR] = { &coder_br_quick, &coder_br },
	[CODING_ZSTD] = { &coder_zstd_quick, &coder_zstd },
};

struct shelf *
shelf_new(void)
{
	struct shelf *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	return s;
}

static void
discard(struct compressor *c)
{
	c->coder->close(c->state);
	free(c);
}

void
shelf_free(struct shelf *s)
{
	if (!s)
		return;
	for (int i = 0; i < CODINGS; i++)
		for (int k = 0; k < COMPRESS_EFFORTS; k++)
			for (struct compressor *c = s->idle[i][k].first, *next; c; c = next) {
				next = c->next;
				discard(c);
			}
	free(s);
}

static struct compressor *
compressor_new(const struct coder *coder)
{
	struct compressor *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->coder = coder;
	c->state = coder->open(coder);
	if (c->state)
		return c;
	free(c);
	return NULL;
}

struct compressor *
compressor_take(struct shelf *s, enum coding coding, enum compress_effort effort)
{
	const struct coder *coder = coders[coding][effort];
	struct compressor *c = s->idle[coding][effort].first;

	if (!coder)
		return NULL;
	if (!c)
		return compressor_new(coder);
	s->idle[coding][effort].first = c->next;
	s->idle[coding][effort].n--;
	return c;
}

void
compressor_give(struct shelf *s, struct compressor *c)
{
	if (!c)
		return;
	for (int i = 0; i < CODINGS; i++)
		for (int k = 0; k < COMPRESS_EFFORTS; k++)
			if (coders[i][k] == c->coder && s->idle[i][k].n < IDLE_MAX && c->coder->again(c->state)) {
				c->next = s->idle[i][k].first;
				s->idle[i][k].first = c;
				s->idle[i][k].n++;
				return;
			}
	discard(c);
}

int
compressor_feed(struct compressor *c, const void *bytes, size_t size, enum compress_end end,
    struct buf *out)
{
	int code = c->coder->feed(c->state, bytes, size, end, out);

	return code == 0 && out->truncated ? -EFBIG : code;
}
