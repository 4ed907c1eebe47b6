/* SPDX-License-Identifier: MIT */
#include "load/digest.h"

#include <stdlib.h>
#include <strings.h>
#include <xxhash.h>

#include "load/unpack.h"

/* Of bytes so far. */
struct sum {
	XXH3_state_t *state;
	int64_t bytes;
};

struct digest {
	struct sum raw, plain;     /* as they came; before gzip */
	struct unpack *unpack;     /* NULL: nothing was to be unpacked yet */
	enum unpack_verdict verdict;
	bool encoded, gzip;
};

static struct sum
sum_new(void)
{
	struct sum s = { .state = XXH3_createState() };

	if (!s.state)
		abort();
	return s;
}

static void
sum_start(struct sum *s)
{
	XXH3_64bits_reset(s->state);
	s->bytes = 0;
}

static void
sum_add(struct sum *s, const char *bytes, size_t size)
{
	XXH3_64bits_update(s->state, bytes, size);
	s->bytes += (int64_t)size;
}

struct digest *
digest_new(void)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	d->raw = sum_new();
	d->plain = sum_new();
	return d;
}

void
digest_free(struct digest *d)
{
	if (!d)
		return;
	XXH3_freeState(d->raw.state);
	XXH3_freeState(d->plain.state);
	unpack_free(d->unpack);
	free(d);
}

void
digest_start(struct digest *d)
{
	sum_start(&d->raw);
	sum_start(&d->plain);
	d->verdict = UNPACK_MORE;
	d->encoded = d->gzip = false;
}

static void
look_at_encoding(struct digest *d, const char *encoding)
{
	d->encoded = encoding && encoding[0] && strcasecmp(encoding, "identity") != 0;
	d->gzip = d->encoded && strcasecmp(encoding, "gzip") == 0;
	if (!d->gzip)
		return;
	d->unpack = d->unpack ? d->unpack : unpack_new();
	unpack_start(d->unpack);
}

static bool
take_plain(void *ctx, const char *bytes, size_t size)
{
	struct digest *d = ctx;

	sum_add(&d->plain, bytes, size);
	return d->plain.bytes <= DIGEST_PLAIN_MAX;
}

void
digest_feed(struct digest *d, const char *encoding, const char *bytes, size_t size)
{
	if (!d->raw.bytes)
		look_at_encoding(d, encoding);
	sum_add(&d->raw, bytes, size);
	if (!d->gzip || d->verdict != UNPACK_MORE)
		return;
	d->verdict = unpack_feed(d->unpack, bytes, size, take_plain, d);
	if (d->plain.bytes > DIGEST_PLAIN_MAX)
		d->verdict = UNPACK_BAD;
}

struct digest_result
digest_end(const struct digest *d)
{
	bool undone = d->gzip && d->verdict == UNPACK_DONE;
	const struct sum *s = undone ? &d->plain : &d->raw;

	return (struct digest_result){
		.bytes = s->bytes, .hash = XXH3_64bits_digest(s->state), .encoded = d->encoded && !undone,
	};
}
