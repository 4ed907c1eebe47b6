/* SPDX-License-Identifier: MIT */
#include "diagnose/peers.h"

#include "diagnose/sites.h"
#include "diagnose/text.h"

bool
peer_is_client(const char *where)
{
	return !where || !*where || text_same(where, "client") || text_same(where, "request body");
}

bool
peer_is_unseen(const struct facts *f, const struct run_part *p)
{
	return p->kind == PART_NET && !(p->where && *p->where) && site_receives(f);
}

double
peer_client_share(const struct facts *f)
{
	double sum = 0;

	for (size_t i = 0; i < f->n_parts; i++)
		if (f->parts[i].kind == PART_NET && peer_is_client(f->parts[i].where)
		    && !text_same(f->parts[i].where, "request body") && !peer_is_unseen(f, &f->parts[i]))
			sum += f->parts[i].share;
	return sum;
}

const struct run_call *
peer_call(const struct facts *f, const char *peer)
{
	for (size_t i = 0; peer && i < f->trace->n_calls; i++)
		if (text_same(f->trace->calls[i].peer, peer))
			return &f->trace->calls[i];
	return NULL;
}

double
peer_share(const struct facts *f, const char *peer)
{
	return peer ? facts_share(f, PART_NET, peer) : 0;
}
