/* SPDX-License-Identifier: MIT */
/* TCP of the service's network namespace: segments sent again, and connections that found the
 * accept queue full. */
#include <stdlib.h>

#include "base/file.h"
#include "observe/collect.h"

struct state {
	int retransmits, overflows, drops;
	struct rate retransmits_rate, overflows_rate, drops_rate;
	char text[16384];
};

static void *
open_tcp(const struct service *s, struct sink *k)
{
	struct state *c = collect_alloc(sizeof(*c));
	c->retransmits = sink_series(k, "host_tcp_retransmits_per_second", "per_second", "host");
	c->overflows = sink_series(k, "host_listen_overflows_per_second", "per_second", "host");
	c->drops = sink_series(k, "host_listen_drops_per_second", "per_second", "host");
	return c;
}

static void
put_counter(struct state *c, const char *group, const char *name, int series, struct rate *rate,
    int64_t now_ns, struct sink *k)
{
	uint64_t value;
	if (proc_counter(c->text, group, name, &value))
		sink_put(k, series, rate_step(rate, (double)value, now_ns));
}

static void
sample_tcp(void *state, const struct service *s, int64_t now_ns, struct sink *k)
{
	struct state *c = state;

	file_peek(c->text, sizeof(c->text), "/proc/%d/net/snmp", s->first);
	put_counter(c, "Tcp", "RetransSegs", c->retransmits, &c->retransmits_rate, now_ns, k);
	file_peek(c->text, sizeof(c->text), "/proc/%d/net/netstat", s->first);
	put_counter(c, "TcpExt", "ListenOverflows", c->overflows, &c->overflows_rate, now_ns, k);
	put_counter(c, "TcpExt", "ListenDrops", c->drops, &c->drops_rate, now_ns, k);
}

const struct collector collect_tcp = {
	"tcp", "retransmitted segments, refused connections", open_tcp, sample_tcp, free,
};
