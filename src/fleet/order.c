/* SPDX-License-Identifier: MIT */
#include "fleet/order.h"

#include "base/clock.h"
#include "stats/histogram_codec.h"

#define RATE_MOST  1e9
#define COUNT_MOST ((uint64_t)1 << 40)
#define TIME_MOST  ((uint64_t)(7 * 86400) * NS_PER_S)

void
order_encode(const struct order *o, struct buf *out)
{
	code_put_text(out, o->name);
	code_put(out, o->asked);
	code_put_double(out, o->rate);
	code_put(out, (uint64_t)o->for_ns);
	code_put(out, (uint64_t)o->closed);
	code_put(out, (uint64_t)o->at_most);
	code_put(out, o->draw);
	code_put(out, o->fresh);
	code_put(out, (uint64_t)o->drain_ns);
	code_put(out, (uint64_t)o->behind_ns);
}

bool
order_decode(const void *bytes, size_t size, struct order *o)
{
	struct code_reader r = { .at = bytes, .end = (const unsigned char *)bytes + size };

	code_get_text(&r, o->name, sizeof(o->name));
	o->asked = code_get_most(&r, 1);
	o->rate = code_get_double(&r);
	o->for_ns = (int64_t)code_get_most(&r, TIME_MOST);
	o->closed = (int64_t)code_get_most(&r, COUNT_MOST);
	o->at_most = (int64_t)code_get_most(&r, COUNT_MOST);
	o->draw = code_get(&r);
	o->fresh = code_get_most(&r, 1);
	o->drain_ns = (int64_t)code_get_most(&r, TIME_MOST);
	o->behind_ns = (int64_t)code_get_most(&r, TIME_MOST);
	return !r.bad && r.at == r.end &&
	    (o->asked || ((o->closed || (o->rate > 0 && o->rate <= RATE_MOST)) && o->for_ns > 0));
}
