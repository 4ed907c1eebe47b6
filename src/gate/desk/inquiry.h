/* SPDX-License-Identifier: MIT */
/* A request as the cache sees it: its key, what of it matters, the rules of its route. Read from a parsed request
 * and good as long as that is, and until the next inquiry of the worker. */
#pragma once

#include "cache/request.h"
#include "cache/vary.h"
#include "gate/gate_worker.h"

struct inquiry {
	struct gate_worker *w;
	const struct http1_request *r;
	const struct gate_route *route;   /* NULL: none takes it */
	const struct cache_policy *policy;
	struct cache_key key;
	struct cache_request request;
};

/* `secure`: it came through TLS. 0; or what to answer: 400, 414. */
int inquiry_read(struct gate_worker *w, bool secure, const struct http1_request *r, struct inquiry *ret);
/* The same of the bytes of a request that was good before. */
void inquiry_repeat(struct gate_worker *w, bool secure, const struct buf *raw, struct inquiry *ret);

/* What store_find is asked with; views of `q`. */
struct store_ask inquiry_ask(struct inquiry *q);
