/* SPDX-License-Identifier: MIT */
/* Planted: each request writes a line to the audit log and brings it to the disk while it holds the
 * log's lock. Truth: io.disk.sync, audit.log. Usage: sync_log FILE [repaired]; repaired, the lines are
 * written by a thread of their own. */
#include <fcntl.h>

#include "http.h"

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t log_filled = PTHREAD_COND_INITIALIZER;
static char waiting[1 << 20];
static size_t waiting_size;
static int log_file;
static bool repaired;

static void *
log_writer(void *arg)
{
	static char lines[sizeof(waiting)];

	(void)arg;
	for (;;) {
		pthread_mutex_lock(&log_lock);
		while (waiting_size == 0)
			pthread_cond_wait(&log_filled, &log_lock);
		size_t size = waiting_size;
		memcpy(lines, waiting, size);
		waiting_size = 0;
		pthread_mutex_unlock(&log_lock);
		if (write(log_file, lines, size) < 0 || fdatasync(log_file) < 0)
			return NULL;
	}
}

static __attribute__((noinline)) void
audit(const char *line, size_t size)
{
	pthread_mutex_lock(&log_lock);
	if (repaired && waiting_size + size <= sizeof(waiting)) {
		memcpy(waiting + waiting_size, line, size);
		waiting_size += size;
		pthread_cond_signal(&log_filled);
	} else if (write(log_file, line, size) < 0 || fsync(log_file) < 0) {
		abort();
	}
	pthread_mutex_unlock(&log_lock);
}

static const char *
answer(void)
{
	char line[128];
	int size = snprintf(line, sizeof(line), "%ld user 4711 asked for %s\n", (long)time(NULL), http_path);

	audit(line, (size_t)size);
	return "allowed";
}

int
main(int argc, char **argv)
{
	pthread_t t;

	log_file = open(argc > 1 ? argv[1] : "audit.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	repaired = argc > 2;
	if (repaired && pthread_create(&t, NULL, log_writer, NULL) != 0)
		return 1;
	return http_serve(answer, 64);
}
