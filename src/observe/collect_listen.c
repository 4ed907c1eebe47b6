/* SPDX-License-Identifier: MIT */
/* Connections that wait for the service to accept them, and the most that may wait: of its
 * fullest listening socket. Only in prony's own network namespace. */
#include <stdlib.h>
#include <unistd.h>

#include "observe/collect.h"
#include "observe/discover.h"
#include "observe/sockets.h"

#define LISTENERS_MAX 1024

struct state {
	int waiting, backlog;
	struct listen_queue queues[LISTENERS_MAX];
};

static void *
open_listen(const struct service *s, struct sink *k)
{
	if (network_namespace(s->first) != network_namespace(getpid()))
		return NULL;
	struct state *c = collect_alloc(sizeof(*c));
	c->waiting = sink_series(k, "service_listen_queue", "count", "service");
	c->backlog = sink_series(k, "service_listen_backlog", "count", "service");
	return c;
}

static bool
is_of_service(const struct service *s, uint16_t port)
{
	for (size_t i = 0; i < s->n_ports; i++)
		if (s->ports[i] == port)
			return true;
	return false;
}

static double
fullness(const struct listen_queue *q)
{
	return (double)q->waiting / ((double)q->backlog + 1);
}

static void
sample_listen(void *state, const struct service *s, int64_t now_ns, struct sink *k)
{
	struct state *c = state;
	const struct listen_queue *fullest = NULL;

	int n = listen_queues(c->queues, LISTENERS_MAX);
	for (int i = 0; i < n; i++)
		if (is_of_service(s, c->queues[i].port) &&
		    (!fullest || fullness(&c->queues[i]) > fullness(fullest)))
			fullest = &c->queues[i];
	if (!fullest)
		return;
	sink_put(k, c->waiting, fullest->waiting);
	sink_put(k, c->backlog, fullest->backlog);
}

const struct collector collect_listen = {
	"listen", "accept queue of the service", open_listen, sample_listen, free,
};
