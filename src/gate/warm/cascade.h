/* SPDX-License-Identifier: MIT */
/* What an update concerns: the keys and tags that it names, and by the rules of gate.yaml what those concern in turn.
 * Each once, so that circles end; so many steps from the first and so many in all. Pure. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/map.h"
#include "gate/config/config.h"

#define CASCADE_DEPTH_MAX 8
#define CASCADE_ITEMS_MAX 1024

/* Keys ("http://host/path?query", as cache/key.h has them, and so for https) and tags ("tag:..."), in the order they came.
 * Zeroed: empty. */
struct cascade {
	struct map known;          /* text to 1 */
	struct buf texts;
	struct { size_t at, size; int depth; } items[CASCADE_ITEMS_MAX];
	size_t n;
	bool all;                  /* everything is concerned */
	bool cut;                  /* there would have been more: then everything is */
};

void cascade_done(struct cascade *c);
void cascade_clear(struct cascade *c);   /* as zeroed, but keeps memory */

/* Add what an update names: "/path" of each of the hosts, a URL, "tag:name", "all". False: it is none of that. */
bool cascade_add(struct cascade *c, const struct gate_warming *w, struct text name);
/* Add what follows by the rules. */
void cascade_follow(struct cascade *c, const struct gate_warming *w);

/* The i-th of n, in the order they came; lives until the next one is added. */
struct text cascade_item(const struct cascade *c, size_t i);
bool cascade_has(const struct cascade *c, struct text item);

static inline bool
cascade_is_tag(struct text item)
{
	return item.size > 4 && memcmp(item.at, "tag:", 4) == 0;
}
