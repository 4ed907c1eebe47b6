/* SPDX-License-Identifier: MIT */
/* Planted: two connections to the ledger for all; the ledger takes 6 ms for an entry, and would take
 * many at a time. Truth: contention.pool, the ledger's address.
 * Usage: small_pool PORT [CONNECTIONS] */
#include "peer.h"

enum { POOL_MAX = 256 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t returned;
	int idle[POOL_MAX];
	int n;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .returned = PTHREAD_COND_INITIALIZER };

static int
pool_get(void)
{
	pthread_mutex_lock(&pool.lock);
	while (pool.n == 0)
		pthread_cond_wait(&pool.returned, &pool.lock);
	int fd = pool.idle[--pool.n];
	pthread_mutex_unlock(&pool.lock);
	return fd;
}

static void
pool_put(int fd)
{
	pthread_mutex_lock(&pool.lock);
	pool.idle[pool.n++] = fd;
	pthread_cond_signal(&pool.returned);
	pthread_mutex_unlock(&pool.lock);
}

static __attribute__((noinline)) bool
ledger_add(int fd, const char *entry)
{
	char text[256];
	uint32_t size = htonl((uint32_t)strlen(entry)), receipt;

	memcpy(text, &size, sizeof(size));
	memcpy(text + sizeof(size), entry, strlen(entry));
	return http_send(fd, text, sizeof(size) + strlen(entry)) == 0 &&
	    read(fd, &receipt, sizeof(receipt)) == sizeof(receipt);
}

static const char *
answer(void)
{
	int fd = pool_get();
	bool done = ledger_add(fd, "debit 4711 credit 1821 amount 12.50");

	pool_put(fd);
	return done ? "entered" : "refused";
}

int
main(int argc, char **argv)
{
	int size = argc > 2 ? atoi(argv[2]) : 2;

	for (int i = 0; i < size && i < POOL_MAX; i++)
		pool_put(peer_open(argc > 1 ? atoi(argv[1]) : 0));
	return http_serve(answer, 64);
}
