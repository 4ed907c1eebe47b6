/* SPDX-License-Identifier: MIT */
/* The first byte is the format, the rest a file: what is read has requests for objects that there are, what is not has
 * nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "traces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = { "lines", "oracleGeneral", "csv", "twitter" };
	struct trace t = { 0 };
	struct err e;
	char path[32];

	if (!size)
		return 0;
	int fd = memfd_create("trace", 0);
	if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int code = trace_read(path, &(struct trace_how){ .format = formats[data[0] % 4] }, &t, &e);
	close(fd);
	if (code == 0 && !t.n)
		abort();
	if (code < 0 && (t.ids || t.sizes || t.costs))
		abort();
	uint64_t bytes = 0;
	for (size_t i = 0; i < t.n; i++)
		if (t.ids[i] >= t.n_ids)
			abort();
	for (size_t i = 0; i < t.n_ids; i++)
		bytes += t.sizes[i];
	if (bytes != t.bytes)
		abort();
	trace_done(&t);
	return 0;
}
