/* SPDX-License-Identifier: MIT */
/* Where a key lives in a Redis cluster, and what its nodes say when it lives elsewhere (Redis cluster
 * specification, "Key distribution model", "Hash tags", "Redirection and resharding"). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/field.h"

#define REDIS_SLOTS 16384

/* CRC16 (XMODEM) of the key, or of what stands between its first "{" and the next "}", when that is
 * not empty; its 14 low bits. */
uint16_t redis_slot(struct text key);

struct redis_redirect {
	bool ask;            /* for this question alone, after ASKING; else the slot has moved for good */
	uint16_t slot, port;
	struct text host;    /* a view of the error; empty: the host of who answered */
};

/* "MOVED 3999 127.0.0.1:6381", "ASK 3999 ::1:6381"; false: something else, or malformed. */
bool redis_redirect(const char *error, struct redis_redirect *ret);
