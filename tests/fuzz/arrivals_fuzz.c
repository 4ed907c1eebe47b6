/* SPDX-License-Identifier: MIT */
/* A file of recorded arrivals: what passes the check replays whole, in order, for any number of
 * workers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "load/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int holds)
{
	if (!holds)
		abort();
}

static int64_t
read_share(const struct schedule *s, int64_t worker, int64_t workers)
{
	struct schedule_reader r = schedule_read(s, worker, workers);
	struct arrival a;
	int64_t n = 0, before = 0;

	for (; schedule_next(&r, &a); n++) {
		require(a.at_ns >= before && a.route < s->routes);
		before = a.at_ns;
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "/", "/orders" };
	struct arrivals *a = NULL;
	struct err e = { 0 };
	char path[32];

	int fd = memfd_create("arrivals", MFD_CLOEXEC);
	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (arrivals_open(path, names, 2, 1, &a, &e) == 0) {
		struct schedule s = { .recorded = a, .routes = 2 };
		int64_t n = arrivals_summary(a).count;
		require(read_share(&s, 0, 1) == n);
		require(read_share(&s, 0, 2) + read_share(&s, 1, 2) == n);
		arrivals_close(a);
	} else {
		require(e.text[0] != 0);
	}
	close(fd);
	return 0;
}
