/* SPDX-License-Identifier: MIT */
#include "gate/admin/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define WAKE_NS   (250 * NS_PER_MS)
#define FEED_SOON ((size_t)64 << 10)   /* worth writing before it is time */

/* Two buffers: the worker fills one, the thread writes the other. */
struct access_feed {
	struct access_log *log;
	pthread_mutex_t lock;     /* of `filling`, held for as long as copying a line takes */
	struct buf filling;
	uint64_t dropped;         /* the worker's */
};

struct access_log {
	const struct gate_access_log *c;
	struct access_feed *feeds;
	size_t n_feeds;
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;     /* of what follows; taken alone */
	pthread_cond_t wake;
	bool soon, ending;
	atomic_bool reopen;
	atomic_int code;          /* 0, or -errno of the last write */
	bool torn;                /* the file ends in a part of a line */
};

/* ---- the file ---- */

static int
open_file(const char *path)
{
	int fd = strcmp(path, "-") == 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
	                                : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	return fd < 0 ? -errno : fd;
}

/* The old file is kept when there is no new one. */
static void
reopen(struct access_log *log)
{
	int fd = open_file(log->c->path);

	if (fd < 0)
		return;
	close(log->fd);
	log->fd = fd;
	log->torn = false;
}

/* 0 or -errno; *ret_torn: what is there ends within a line. */
static int
write_all(int fd, const char *bytes, size_t size, bool *ret_torn)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		*ret_torn = bytes[n - 1] != '\n';
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A full disk loses lines, as everywhere; the gate goes on, and no line becomes a part of another one. */
static void
write_lines(struct access_log *log, const struct buf *lines)
{
	if (!lines->size)
		return;
	int code = log->torn ? write_all(log->fd, "\n", 1, &log->torn) : 0;
	if (code == 0)
		code = write_all(log->fd, lines->data, lines->size, &log->torn);
	atomic_store(&log->code, code);
}

/* ---- the thread ---- */

static void
write_feed(struct access_log *log, struct access_feed *f, struct buf *spare)
{
	pthread_mutex_lock(&f->lock);
	struct buf full = f->filling;
	f->filling = *spare;
	pthread_mutex_unlock(&f->lock);
	write_lines(log, &full);
	buf_clear(&full);
	*spare = full;
}

/* True when the log ends. */
static bool
wait_for_work(struct access_log *log)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t ns = until.tv_nsec + WAKE_NS;
	until.tv_sec += ns / NS_PER_S;
	until.tv_nsec = ns % NS_PER_S;
	pthread_mutex_lock(&log->lock);
	while (!log->soon && !log->ending &&
	    pthread_cond_timedwait(&log->wake, &log->lock, &until) != ETIMEDOUT)
		continue;
	log->soon = false;
	bool ending = log->ending;
	pthread_mutex_unlock(&log->lock);
	return ending;
}

static void *
run(void *ctx)
{
	CLEANUP(buf_done) struct buf spare = { .cap_bytes = ACCESS_FEED_MAX };
	struct access_log *log = ctx;
	bool ending;

	do {
		ending = wait_for_work(log);
		if (atomic_exchange(&log->reopen, false))
			reopen(log);
		for (size_t i = 0; i < log->n_feeds; i++)
			write_feed(log, &log->feeds[i], &spare);
	} while (!ending);
	return NULL;
}

/* ---- workers ---- */

struct access_feed *
access_log_feed(struct access_log *log, size_t worker)
{
	return &log->feeds[worker];
}

static void
hurry(struct access_log *log)
{
	pthread_mutex_lock(&log->lock);
	log->soon = true;
	pthread_cond_signal(&log->wake);
	pthread_mutex_unlock(&log->lock);
}

void
access_feed_add(struct access_feed *f, const struct access_line *line)
{
	pthread_mutex_lock(&f->lock);
	size_t before = f->filling.size;
	access_line_write(f->log->c->format, line, &f->filling);
	if (f->filling.truncated) {   /* a part of a line is none */
		f->filling.size = before;
		f->filling.data[before] = '\0';
		f->filling.truncated = false;
		f->dropped++;
	}
	size_t after = f->filling.size;
	pthread_mutex_unlock(&f->lock);
	if (before < FEED_SOON && after >= FEED_SOON)
		hurry(f->log);
}

uint64_t
access_feed_dropped(struct access_feed *f)
{
	uint64_t n = f->dropped;

	f->dropped = 0;
	return n;
}

/* ---- the whole ---- */

int
access_log_code(const struct access_log *log)
{
	return atomic_load(&log->code);
}

void
access_log_reopen(struct access_log *log)
{
	atomic_store(&log->reopen, true);
}

static void
release(struct access_log *log)
{
	for (size_t i = 0; i < log->n_feeds; i++) {
		buf_done(&log->feeds[i].filling);
		pthread_mutex_destroy(&log->feeds[i].lock);
	}
	pthread_cond_destroy(&log->wake);
	pthread_mutex_destroy(&log->lock);
	close(log->fd);
	free(log->feeds);
	free(log);
}

static struct access_log *
make(const struct gate_access_log *c, size_t workers, int fd)
{
	struct access_log *log = calloc(1, sizeof(*log));
	struct access_feed *feeds = calloc(workers, sizeof(*feeds));
	pthread_condattr_t monotonic;

	if (!log || !feeds)
		abort();
	*log = (struct access_log){ .c = c, .feeds = feeds, .n_feeds = workers, .fd = fd };
	pthread_mutex_init(&log->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&log->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	for (size_t i = 0; i < workers; i++) {
		feeds[i].log = log;
		feeds[i].filling.cap_bytes = ACCESS_FEED_MAX;
		pthread_mutex_init(&feeds[i].lock, NULL);
	}
	return log;
}

int
access_log_open(const struct gate_access_log *c, size_t workers, struct access_log **ret, struct err *e)
{
	int fd = open_file(c->path);

	if (fd < 0) {
		int code = err_set(e, -fd, "cannot write the access log '%s': %s", c->path, strerror(-fd));
		err_hint(e, "name a file that this user may write with access_log: { path: FILE }");
		return code;
	}
	struct access_log *log = make(c, workers, fd);
	int code = pthread_create(&log->thread, NULL, run, log);
	if (code) {
		release(log);
		return err_set(e, code, "cannot start the thread of the access log: %s", strerror(code));
	}
	*ret = log;
	return 0;
}

void
access_log_close(struct access_log *log)
{
	if (!log)
		return;
	pthread_mutex_lock(&log->lock);
	log->ending = true;
	pthread_cond_signal(&log->wake);
	pthread_mutex_unlock(&log->lock);
	pthread_join(log->thread, NULL);
	release(log);
}
