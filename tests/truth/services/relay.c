/* SPDX-License-Identifier: MIT */
/* Not the service: a network between it and its users that takes MS milliseconds each way.
 * Usage: relay PORT MS; a thread a direction of a connection. */
#include <stdint.h>

#include "peer.h"

enum { CHUNKS = 256, CHUNK_BYTES = 16 << 10 };

static long delay_ms;
static int service_port;

struct chunk { int64_t due_us; ssize_t size; char data[CHUNK_BYTES]; };
struct pipe_way { int from, to; struct chunk chunks[CHUNKS]; unsigned first, next; bool over;
	pthread_mutex_t lock; pthread_cond_t moved; };

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void *
deliver(void *arg)
{
	struct pipe_way *w = arg;

	for (;;) {
		pthread_mutex_lock(&w->lock);
		while (w->first == w->next)
			pthread_cond_wait(&w->moved, &w->lock);
		struct chunk *c = &w->chunks[w->first % CHUNKS];
		pthread_mutex_unlock(&w->lock);
		if (c->due_us > now_us())
			http_sleep_us(c->due_us - now_us());
		if (c->size <= 0 || http_send(w->to, c->data, (size_t)c->size) < 0) {
			shutdown(w->to, SHUT_WR);
			return NULL;
		}
		pthread_mutex_lock(&w->lock);
		w->first++;
		pthread_cond_signal(&w->moved);
		pthread_mutex_unlock(&w->lock);
	}
}

static void *
receive(void *arg)
{
	struct pipe_way *w = arg;

	for (ssize_t n = 1; n > 0;) {
		pthread_mutex_lock(&w->lock);
		while (w->next - w->first == CHUNKS)
			pthread_cond_wait(&w->moved, &w->lock);
		struct chunk *c = &w->chunks[w->next % CHUNKS];
		pthread_mutex_unlock(&w->lock);
		n = c->size = read(w->from, c->data, CHUNK_BYTES);
		c->due_us = now_us() + delay_ms * 1000;
		pthread_mutex_lock(&w->lock);
		w->next++;
		pthread_cond_signal(&w->moved);
		pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

static void
open_way(int from, int to)
{
	struct pipe_way *w = calloc(1, sizeof(*w));   /* lives as long as the relay */
	pthread_t t;

	w->from = from;
	w->to = to;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->moved, NULL);
	pthread_create(&t, NULL, receive, w);
	pthread_create(&t, NULL, deliver, w);
}

int
main(int argc, char **argv)
{
	int one = 1, listener;

	if (argc < 3)
		return 2;
	service_port = atoi(argv[1]);
	delay_ms = atol(argv[2]);
	listener = http_listen(1024);
	for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;) {
		int to = peer_open(service_port);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		open_way(fd, to);
		open_way(to, fd);
	}
	return 1;
}
