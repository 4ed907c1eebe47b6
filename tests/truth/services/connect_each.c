/* SPDX-License-Identifier: MIT */
/* Planted: each request opens connections of its own to the three shards of a quick peer.
 * Truth: io.net.connect, the peer's address. Usage: connect_each PORT [repaired]; repaired, a thread
 * keeps its connection. */
#include "peer.h"

enum { SHARDS = 3 };
static int peer_port;
static bool repaired;

static __attribute__((noinline)) bool
ask_shard(int shard)
{
	static _Thread_local int kept = -1;
	char path[32];
	int fd = repaired && kept >= 0 ? kept : peer_open(peer_port);

	snprintf(path, sizeof(path), "/shard/%d", shard);
	bool found = fd >= 0 && peer_get(fd, path) == 200;
	if (repaired)
		kept = fd;
	else
		close(fd);
	return found;
}

static const char *
answer(void)
{
	bool found = true;

	for (int i = 0; i < SHARDS; i++)
		found &= ask_shard(i);
	return found ? "found" : "not found";
}

int
main(int argc, char **argv)
{
	peer_port = argc > 1 ? atoi(argv[1]) : 0;
	repaired = argc > 2;
	return http_serve(answer, 32);
}
