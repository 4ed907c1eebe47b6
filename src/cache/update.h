/* SPDX-License-Identifier: MIT */
/* What the answer to a validation does to what is stored (RFC 9111, sections 4.3.3 to 4.3.5, 3.2).
 * Pure. */
#pragma once

#include "cache/head.h"

enum cache_outcome {
	CACHE_CONFIRMED,   /* a 304 for what is stored: update it (cache_update), serve it */
	CACHE_FOREIGN,     /* a 304, but for another version: outdated; ask again without condition */
	CACHE_REPLACED,    /* a new answer, to be stored when it may be; the old one goes anyway */
	CACHE_FAILED,      /* 5xx: the old one stays; cache_serves_on_error() tells whether it is served */
};

/* `stored`, `head`: what the request's condition (cache_condition_write) was made of. */
enum cache_outcome cache_outcome(const struct cache_terms *stored, struct text head,
    const struct cache_answer *answer);

/* The stored head with the fields of a 304 (or of a HEAD's 200) in it and fresh terms, as a new
 * head: appended to `out`. CACHE_NOT_REQUEST: the request lets nothing be stored; what is stored
 * stays as it was. Any other refusal: the stored one goes, the new head is good for this one
 * answer. Set-Cookie of a 304 is not taken over unless the policy keeps cookies: it belongs to the
 * client that asked. */
enum cache_refusal cache_update(const struct cache_request *request, const struct cache_key *key,
    const struct cache_terms *stored, struct text head, const struct cache_answer *answer,
    const struct cache_policy *policy, struct cache_terms *ret_terms, struct buf *out);

/* A HEAD went to the origin while an answer to GET is stored: does its 200 describe the same
 * (section 4.3.5)? True: cache_update() with it. False: what is stored is outdated
 * (TERMS_OUTDATED). Statuses other than 200 say nothing: do not ask. */
bool cache_head_agrees(const struct cache_terms *stored, struct text head,
    const struct cache_answer *answer);
