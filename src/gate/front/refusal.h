/* SPDX-License-Identifier: MIT */
/* Answers that the gate gives itself, and words for status codes. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* "Not Found"; "Unknown" for what RFC 9110 does not name. Static text. */
const char *refusal_reason(int status);

/* The whole answer, over what `b` held. `why`: a sentence for people without a full stop. `retry_ns`: when to ask
 * again (Retry-After, in seconds rounded up); 0: not said. */
void refusal_write(struct buf *b, int status, const char *why, int64_t retry_ns, bool close);

/* Of what was written there, the bytes before the body. */
size_t refusal_head_size(const struct buf *b);
