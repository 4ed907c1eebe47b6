/* SPDX-License-Identifier: MIT */
/* Tags that an origin gives its answers, for purges of all that have one: Surrogate-Key (as Fastly has
 * it) and xkey (Varnish) with blanks between them, Cache-Tag (Cloudflare, Akamai) with commas. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "net/field.h"

/* What stands for a tag in the store; upper and lower case are two. */
uint64_t cache_tag_id(struct text tag);

/* Those of a stored head (head.h), each once: how many, at most `room`; -1: there are more. */
int cache_tags_read(struct text head, uint64_t *ids, size_t room);
