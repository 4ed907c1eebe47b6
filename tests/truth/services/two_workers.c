/* SPDX-License-Identifier: MIT */
/* Planted: one thread reads all requests and hands them to two workers, which wait 8 ms for a printer
 * each. Truth: contention.workers. Usage: two_workers [WORKERS] */
#include <poll.h>

#include "http.h"

enum { CONNECTIONS_MAX = 1024, JOBS_MAX = 1024 };

static pthread_mutex_t jobs_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t jobs_filled = PTHREAD_COND_INITIALIZER;
static int jobs[JOBS_MAX];
static unsigned jobs_first, jobs_next;

static void
put_job(int fd)
{
	pthread_mutex_lock(&jobs_lock);
	jobs[jobs_next++ % JOBS_MAX] = fd;
	pthread_cond_signal(&jobs_filled);
	pthread_mutex_unlock(&jobs_lock);
}

static int
take_job(void)
{
	pthread_mutex_lock(&jobs_lock);
	while (jobs_first == jobs_next)
		pthread_cond_wait(&jobs_filled, &jobs_lock);
	int fd = jobs[jobs_first++ % JOBS_MAX];
	pthread_mutex_unlock(&jobs_lock);
	return fd;
}

static __attribute__((noinline)) void
print_label(void)
{
	http_sleep_us(8000);
}

static void *
worker(void *arg)
{
	(void)arg;
	for (;;) {
		int fd = take_job();
		print_label();
		http_status = 200;
		http_respond(fd, "printed", false);
	}
	return NULL;
}

/* False: the connection has ended. */
static bool
read_request(int fd)
{
	char head[4096];
	ssize_t n = read(fd, head, sizeof(head));

	if (n > 0)
		put_job(fd);
	return n > 0;
}

static void
accept_one(struct pollfd *set, int *n)
{
	int fd = accept(set[0].fd, NULL, NULL);

	if (fd >= 0 && *n < CONNECTIONS_MAX)
		set[(*n)++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

int
main(int argc, char **argv)
{
	static struct pollfd set[CONNECTIONS_MAX];
	int n = 1, workers = argc > 1 ? atoi(argv[1]) : 2;
	pthread_t t;

	set[0] = (struct pollfd){ .fd = http_listen(1024), .events = POLLIN };
	for (int i = 0; i < workers; i++)
		if (pthread_create(&t, NULL, worker, NULL) != 0)
			return 1;
	for (;;) {
		poll(set, (nfds_t)n, -1);
		for (int i = n - 1; i > 0; i--)
			if (set[i].revents && !read_request(set[i].fd)) {
				close(set[i].fd);
				set[i] = set[--n];
			}
		if (set[0].revents)
			accept_one(set, &n);
	}
}
