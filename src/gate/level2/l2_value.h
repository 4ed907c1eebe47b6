/* SPDX-License-Identifier: MIT */
/* What stands in Redis: a response with the terms of its reuse, or that responses under this key vary.
 *
 * The format, version 1; numbers little-endian:
 *
 *   0  4  "PrG2"
 *   4  1  version: a reader takes none but its own, what is newer counts as absent
 *   5  1  kind: 0 a response; 1 "varies": vary is that of the newest response, there is no head and body
 *   6  2  bit 0: the body is packed (one zstd frame)
 *   8  8  XXH3-64 of all that follows
 *  16  8  known: the stamp (l2_purges.h) of the last purge that its gate had seen when it asked the origin; a
 *         purge after that makes the value worthless
 *  24  24 received_ns, date_s, modified_s             of struct cache_terms (terms.h)
 *  48  16 initial_age_s, lifetime_s, stale_behind_s, stale_error_s
 *  64  10 etag_at (4), etag_size (2), status (2), flags (2)
 *  74  12 bytes of key, vary, head (4 each)
 *  86  16 bytes of the body, of what is stored of it
 * 102     key, vary, head (its tags are among its lines), body
 *
 * The key in Redis is only a hash, so the key's text stands in the value and is compared. The checksum finds
 * what is torn, not what somebody forges: who may write there may answer for the origin. Nothing read is
 * trusted further than that: sizes, terms and the lines of the head are checked, and nothing is larger
 * than the caller allows. */
#pragma once

#include "base/buf.h"
#include "cache/store.h"
#include "cache/terms.h"

#define L2_PACK_MIN    1024     /* shorter bodies are stored as they are */

enum l2_verdict {
	L2_VALUE_GOOD,
	L2_VALUE_FOREIGN,    /* not written by a gate */
	L2_VALUE_NEWER,      /* by another version */
	L2_VALUE_CORRUPT,    /* torn, or nonsense */
};

struct l2_value {
	bool varies;                 /* nothing but key, vary and known */
	bool packed;
	uint64_t known;
	struct cache_terms terms;    /* full_bytes is that of the body */
	struct text key, vary, head;
	struct text body;            /* as it stands there */
	uint64_t body_bytes;         /* unpacked */
};

/* Views of `bytes`. `most`: of an unpacked body. */
enum l2_verdict l2_value_read(struct text bytes, uint64_t most, struct l2_value *ret);

/* Packs and unpacks; one thread. */
struct l2_packer;
struct l2_packer *l2_packer_new(void);   /* out of memory aborts */
void l2_packer_free(struct l2_packer *p);

/* The body itself, until the next call; false: it does not unpack to what it should. */
bool l2_value_unpack(struct l2_packer *p, const struct l2_value *v, struct text *ret);
/* Append the value. `v->body` is the body itself, `packed` and body_bytes are found out. */
void l2_value_write(struct l2_packer *p, const struct l2_value *v, struct buf *out);
