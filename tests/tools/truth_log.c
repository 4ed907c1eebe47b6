/* SPDX-License-Identifier: MIT */
#include "truth_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK  65536
#define CHUNKS 96              /* six million requests, 240 MiB */

struct truth_log {
	int64_t start_ns, count, dropped;
	struct truth_stamp *chunks[CHUNKS];
};

struct truth_log *
truth_log_open(int64_t start_ns)
{
	struct truth_log *l = calloc(1, sizeof(*l));

	if (l)
		l->start_ns = start_ns;
	return l;
}

void
truth_log_add(struct truth_log *l, const struct truth_stamp *s)
{
	int64_t chunk = l->count / CHUNK;

	if (chunk < CHUNKS && !l->chunks[chunk])
		l->chunks[chunk] = malloc(CHUNK * sizeof(*s));
	if (chunk >= CHUNKS || !l->chunks[chunk]) {
		l->dropped++;
		return;
	}
	l->chunks[chunk][l->count++ % CHUNK] = *s;
}

static void
write_stamps(const struct truth_log *l, FILE *f)
{
	fprintf(f, "# start_ns %" PRId64 "\n# dropped %" PRId64 "\n", l->start_ns, l->dropped);
	fprintf(f, "conn number arrived_ns seen_ns replied_ns\n");
	for (int64_t i = 0; i < l->count; i++) {
		const struct truth_stamp *s = &l->chunks[i / CHUNK][i % CHUNK];
		fprintf(f, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", s->conn,
		    s->number, s->arrived_ns, s->seen_ns, s->replied_ns);
	}
}

int
truth_log_close(struct truth_log *l, const char *path)
{
	int code = 0;
	FILE *f = fopen(path, "w");

	if (f)
		write_stamps(l, f);
	if (!f || ferror(f))
		code = -errno;
	if (f && fclose(f) != 0)
		code = -errno;
	for (int i = 0; i < CHUNKS; i++)
		free(l->chunks[i]);
	free(l);
	return code;
}
