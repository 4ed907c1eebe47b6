/* SPDX-License-Identifier: MIT */
#include "diagnose/peers.h"

#include "diagnose/text.h"

bool
peer_is_client(const char *where)
{
	return text_same(where, "client");
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
