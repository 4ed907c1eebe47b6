/* SPDX-License-Identifier: MIT */
/* What a leader has its workers offer next, as bytes. Private to src/fleet.
 *
 * What comes from a server is not trusted: numbers beyond what the settings of a load may be are no order. */
#pragma once

#include "base/buf.h"
#include "load/load.h"

#define ORDER_NAME_MAX 64

struct order {
	char name[ORDER_NAME_MAX];     /* of the phase */
	bool asked;                    /* what the plan says, once; the rest, but the drain, is nothing then */
	double rate;                   /* of all together, as the following */
	int64_t for_ns, closed, at_most;
	uint64_t draw;
	bool fresh;
	int64_t drain_ns, behind_ns;
};

void order_encode(const struct order *o, struct buf *out);
bool order_decode(const void *bytes, size_t size, struct order *ret);
