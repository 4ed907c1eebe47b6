/* SPDX-License-Identifier: MIT */
#include "trace/rehearsal.h"

#include <string.h>

#include "base/clock.h"

#define TICK_NS (20 * NS_PER_MS)

static void
forget(void *ctx, const struct ev_head *event, size_t size)
{
}

static void *
rehearse(void *arg)
{
	struct rehearsal *r = arg;
	for (int64_t next = now_ns(); !atomic_load(&r->stop); sleep_until_ns(next)) {
		collect_drain(r->collect, forget, NULL);
		if (collect_full_at(r->collect)) {     /* it would cost nothing from here on */
			collect_window_close(r->collect, false);
			collect_window_open(r->collect);
		}
		next += TICK_NS;
	}
	collect_window_close(r->collect, true);
	collect_settle(r->collect);            /* who is alone next bears none of it */
	collect_drain(r->collect, forget, NULL);
	return NULL;
}

int
rehearsal_begin(struct rehearsal *r, struct collect *c, struct err *e)
{
	r->collect = c;
	atomic_init(&r->stop, false);
	collect_window_open(c);
	int code = pthread_create(&r->thread, NULL, rehearse, r);
	if (!code)
		return 0;
	collect_window_close(c, true);
	return err_set(e, code, "cannot start the tracing thread: %s", strerror(code));
}

void
rehearsal_end(struct rehearsal *r)
{
	atomic_store(&r->stop, true);
	pthread_join(r->thread, NULL);
}
