/* SPDX-License-Identifier: MIT */
#include "load/repeats.h"

#include <string.h>

#include "net/url.h"

static int
find_route(struct repeats *all, const char *route)
{
	int i = 0;

	while (i < all->n_routes && strcmp(all->routes[i].route, route) != 0)
		i++;
	if (i == all->n_routes && i < REPEATS_ROUTES)
		all->routes[all->n_routes++].route = route;
	return i;
}

void
repeats_note(void *repeats, const struct load_answer *a)
{
	struct repeats *all = repeats;
	int at = find_route(all, a->route), i = 0;

	if (at == REPEATS_ROUTES || a->failed || a->body_bytes == 0)
		return;
	all->routes[at].answers++;
	while (i < all->routes[at].n_bodies && all->routes[at].bodies[i].hash != a->body_hash)
		i++;
	if (i == REPEATS_BODIES)
		return;
	if (i == all->routes[at].n_bodies) {
		all->routes[at].n_bodies++;
		all->routes[at].bodies[i].hash = a->body_hash;
		all->routes[at].bodies[i].bytes = a->body_bytes;
	}
	all->routes[at].bodies[i].n++;
}

void
repeats_record(const struct repeats *all, struct run *r)
{
	for (int i = 0; i < all->n_routes; i++) {
		int most = 0;
		for (int k = 1; k < all->routes[i].n_bodies; k++)
			if (all->routes[i].bodies[k].n > all->routes[i].bodies[most].n)
				most = k;
		if (!all->routes[i].answers)
			continue;
		struct run_repeat *out = RUN_ADD(r, repeat, r->evidence.repeats, r->evidence.n_repeats);
		out->route = url_public(r->arena, all->routes[i].route);
		out->answers = all->routes[i].answers;
		out->same = (double)all->routes[i].bodies[most].n / (double)out->answers;
		out->bytes = (double)all->routes[i].bodies[most].bytes;
	}
}
