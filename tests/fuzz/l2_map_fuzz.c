/* SPDX-License-Identifier: MIT */
/* Any bytes as what a Redis node says of its cluster: no crash, and only nodes that there are. */
#include <stdlib.h>
#include <string.h>

#include "gate/level2/l2_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text reply = { (const char *)data, size };
	struct redis_redirect r;
	static struct l2_map m;
	char error[256];

	if (l2_map_read(reply, "127.0.0.1", &m)) {
		if (!m.n || m.n > L2_NODES_MAX)
			abort();
		for (size_t i = 0; i < REDIS_SLOTS; i++)
			if (m.primary[i] != L2_NO_NODE && m.primary[i] >= m.n)
				abort();
		for (size_t i = 0; i < m.n; i++)
			if (!m.places[i].port || !m.places[i].host[0] || (m.of[i] != L2_NO_NODE && m.of[i] >= m.n))
				abort();
	}
	l2_role_read(reply);
	size_t n = size < sizeof(error) - 1 ? size : sizeof(error) - 1;
	memcpy(error, data, n);
	error[n] = '\0';
	if (redis_redirect(error, &r) && (r.slot >= REDIS_SLOTS || !r.port || r.host.at < error ||
	    r.host.at + r.host.size > error + n))
		abort();
	return redis_slot(reply) >= REDIS_SLOTS;
}
