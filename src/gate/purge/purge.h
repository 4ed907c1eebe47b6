/* SPDX-License-Identifier: MIT */
/* Purges: what is stored is thrown away, or made stale, before its time.
 *
 * A purge is applied to the store first: it is in force for all workers when gate_purge() returns. Then it
 * is numbered and logged (purge_log.h), which is how it gets to whoever carries it on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/field.h"

struct gate;
struct purge_desk;

enum purge_what { PURGE_URL, PURGE_TAG, PURGE_ALL };

/* "url", "tag", "all". */
const char *purge_what_name(enum purge_what what);

struct purge {
	enum purge_what what;
	bool soft;          /* kept, as stale */
	bool from_fleet;    /* told by another gate, which carries it on itself */
	struct text text;   /* the URL with scheme and host, or the tag; empty of everything */
};

#define PURGE_TAG_MAX 1024   /* bytes of a tag; a URL has CACHE_KEY_MAX at most */

/* Can there be such a text: not empty, not too long, without blanks and controls? */
bool purge_is_good(const struct purge *p);

/* Any thread. Returns its number, above all before it; or -EINVAL: such a URL or tag cannot be (nothing
 * was done), or -errno: it is in force and was told, but could not be written to the file of the log. */
int64_t gate_purge(struct gate *g, const struct purge *p);
