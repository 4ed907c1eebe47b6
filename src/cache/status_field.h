/* SPDX-License-Identifier: MIT */
/* Cache-Status (RFC 9211): one member, to be sent as a line of its own behind those of caches
 * nearer to the origin. Pure, and cheap enough for each hit. */
#pragma once

#include <stddef.h>

#include "cache/reuse.h"

#define CACHE_STATUS_MAX 256

struct cache_status {
	const char *cache;             /* who speaks: cut after 64 bytes */
	enum cache_forward forward;    /* CACHE_FORWARD_NONE: a hit */
	int origin_status;             /* 0: it was not asked, or has not answered */
	bool has_ttl;                  /* what was sent is (now) stored: ttl_s left, below 0 when stale */
	int64_t ttl_s;
	bool stored, collapsed;        /* the answer was stored; it was waited for together with others */
	const char *detail;            /* cut after 64 bytes; NULL: none */
};

/* Returns the size. */
size_t cache_status_write(const struct cache_status *s, char out[CACHE_STATUS_MAX]);
