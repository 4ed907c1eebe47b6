/* SPDX-License-Identifier: MIT */
#include "engine/stamp.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"

#define CHECK_NS (100 * NS_PER_MS)
#define READINGS 4

void
stamp_enable(int fd)
{
	int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
}

/* The wall clock between two readings of ours; the closest pair tells best. */
void
stamp_clock_check(struct stamp_clock *c, int64_t now)
{
	int64_t least = INT64_MAX;

	if (c->checked_ns && now - c->checked_ns < CHECK_NS)
		return;
	c->checked_ns = now;
	for (int i = 0; i < READINGS; i++) {
		int64_t before = now_ns(), wall = wall_ns(), apart = now_ns() - before;
		if (apart >= least)
			continue;
		least = apart;
		c->wall_less_mono_ns = wall - before - apart / 2;
	}
}

int64_t
stamp_read(const struct stamp_clock *c, struct msghdr *m, int64_t now)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		struct timespec t;
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(h), sizeof(t));
		int64_t at = t.tv_sec * NS_PER_S + t.tv_nsec - c->wall_less_mono_ns;
		return at < now ? at : now;
	}
	return now;
}
