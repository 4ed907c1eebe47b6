/* SPDX-License-Identifier: MIT */
/* gate.yaml from bytes: what is taken holds together, what is refused says why. */
#include <stdint.h>
#include <stdlib.h>

#include "gate/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct gate_config *c)
{
	if (!c->n_listens || !c->n_upstreams || !c->n_routes)
		abort();
	for (size_t i = 0; i < c->n_upstreams; i++)
		if (!c->upstreams[i].n_servers || c->upstreams[i].pool.max < c->upstreams[i].pool.min)
			abort();
	for (size_t i = 0; i < c->n_routes; i++) {
		const struct gate_route *r = &c->routes[i];
		struct text path = { r->match, strlen(r->match) };
		if (r->upstream >= c->n_upstreams || r->match[0] != '/')
			abort();
		if (!r->host && gate_route_find(c, (struct text){ "", 0 }, path) > r)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct gate_config *c = NULL;
	struct arena *a = arena_new();

	if (gate_config_parse((const char *)data, size, "fuzz.yaml", a, &c, &e) == 0)
		check(c);
	else if (!e.text[0])
		abort();
	arena_free(a);
	return 0;
}
