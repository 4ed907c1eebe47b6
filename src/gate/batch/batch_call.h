/* SPDX-License-Identifier: MIT */
/* The texts of batches: the key in the target of a request, and many of them in a call. Pure. */
#pragma once

#include "gate/config/config.h"

#define BATCH_KEY_MAX    256             /* bytes of a key, decoded */
#define BATCH_TARGET_MAX ((size_t)8000)  /* of a call: what RFC 9110, section 4.1, wants everybody to take */
#define BATCH_BODY_MAX   ((size_t)64 << 10)

/* The key of a request for this target, decoded into `out`. False: it is none of the batch's, or has a key that cannot
 * be written in more than one way, is no number where numbers are, or is no text (UTF-8 without control characters). */
bool batch_key(const struct gate_batch *b, struct text target, char out[BATCH_KEY_MAX], struct text *ret);

/* What keys may take of a call together, and what one takes, with what parts it from the next. */
size_t batch_call_room(const struct gate_batch *b);
size_t batch_key_bytes(const struct gate_batch *b, struct text key);

/* Append the target, or the body (nothing where there is none), of a call for these keys. */
void batch_target_write(const struct gate_batch *b, const struct text *keys, size_t n, struct buf *out);
void batch_body_write(const struct gate_batch *b, const struct text *keys, size_t n, struct buf *out);
