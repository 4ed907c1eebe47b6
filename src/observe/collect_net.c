/* SPDX-License-Identifier: MIT */
/* Bytes that cross the network interfaces that the service sees. What stays inside the host is
 * counted apart, and once: the loopback interface receives all that it sends. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "observe/collect.h"

struct state {
	int outside, loopback;
	struct rate outside_rate, loopback_rate;
};

static void *
open_net(const struct service *s, struct sink *k)
{
	struct state *c = collect_alloc(sizeof(*c));
	c->outside = sink_series(k, "host_net_bytes_per_second", "bytes", "host");
	c->loopback = sink_series(k, "host_loopback_bytes_per_second", "bytes", "host");
	return c;
}

static void
sample_net(void *state, const struct service *s, int64_t now_ns, struct sink *k)
{
	struct state *c = state;
	char text[16384], line[512];
	double outside = 0, loopback = 0;

	if (file_peek(text, sizeof(text), "/proc/%d/net/dev", s->first) <= 0)
		return;
	for (const char *at = text; text_line(&at, line, sizeof(line));) {
		struct proc_interface i;
		if (!proc_parse_interface(line, &i))
			continue;
		if (strcmp(i.name, "lo") == 0)
			loopback += (double)i.received_bytes;
		else
			outside += (double)i.received_bytes + (double)i.sent_bytes;
	}
	sink_put(k, c->outside, rate_step(&c->outside_rate, outside, now_ns));
	sink_put(k, c->loopback, rate_step(&c->loopback_rate, loopback, now_ns));
}

const struct collector collect_net = {
	"net", "bytes through the network interfaces", open_net, sample_net, free,
};
