/* SPDX-License-Identifier: MIT */
/* CPU that one response costs by each coding on the fly, beside zlib's levels 1 and 6: see README.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "gate/compress/compressor.h"

#define ROUNDS   7
#define ROUND_NS INT64_C(60000000)
#define FILE_MAX ((size_t)8 << 20)
#define BODIES   64   /* one body again and again would be learned by the branch predictor */

/* A way to compress a whole body into `out`. */
struct way {
	const char *name;
	enum coding coding;         /* CODING_IDENTITY: zlib as the servers use it */
	int level;
};

struct set {
	struct buf bodies[BODIES];
	int n;
	size_t bytes;
};

static int64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A stream of its own for each response, which is what nginx does. */
static void
by_zlib(int level, const struct buf *body, struct buf *out)
{
	unsigned char piece[16384];
	z_stream z = { .next_in = (unsigned char *)body->data, .avail_in = (unsigned)body->size };

	if (deflateInit2(&z, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	do {
		z.next_out = piece;
		z.avail_out = sizeof(piece);
		deflate(&z, Z_FINISH);
		buf_append(out, piece, sizeof(piece) - z.avail_out);
	} while (!z.avail_out);
	deflateEnd(&z);
}

static void
by_gate(struct shelf *shelf, enum coding coding, const struct buf *body, struct buf *out)
{
	struct compressor *c = compressor_take(shelf, coding, COMPRESS_FLYING);

	if (!c || compressor_feed(c, body->data, body->size, COMPRESS_FINISH, out) < 0)
		abort();
	compressor_give(shelf, c);
}

/* All bodies once; how many bytes came of it. */
static size_t
compress_all(struct shelf *shelf, const struct way *way, const struct set *set, struct buf *out)
{
	size_t bytes = 0;

	for (int i = 0; i < set->n; i++) {
		buf_clear(out);
		if (way->coding == CODING_IDENTITY)
			by_zlib(way->level, &set->bodies[i], out);
		else
			by_gate(shelf, way->coding, &set->bodies[i], out);
		bytes += out->size;
	}
	return bytes;
}

/* CPU-us of one body: the least of the rounds, for nothing makes a round too short. */
static double
measure(struct shelf *shelf, const struct way *way, const struct set *set, size_t *ret_bytes)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	double best = 1e300;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t begin = cpu_ns(), end;
		int n = 0;
		do {
			*ret_bytes = compress_all(shelf, way, set, &out);
			n += set->n;
			end = cpu_ns();
		} while (end - begin < ROUND_NS);
		double us = (double)(end - begin) / 1e3 / n;
		best = us < best ? us : best;
	}
	return best;
}

static void
add_body(struct set *set, const char *bytes, size_t size)
{
	buf_append(&set->bodies[set->n++], bytes, size);
	set->bytes += size;
}

/* Rows of an API's answer. */
static void
make_json(struct set *set, uint32_t seed)
{
	CLEANUP(buf_done) struct buf body = { 0 };

	buf_puts(&body, "[");
	for (int i = 0; body.size < 24000; i++) {
		seed = seed * 1664525 + 1013904223;
		buf_printf(&body, "%s{\"id\":%u,\"customer\":%u,\"total\":%u.%02u,\"status\":\"%s\",\"created\":"
		    "\"2026-11-%02uT%02u:%02u:00Z\"}", i ? "," : "", seed % 1000 + 100000, seed >> 17, seed >> 22,
		    seed % 100, seed >> 30 ? "paid" : "open", 1 + (seed >> 27) % 28, (seed >> 20) % 24,
		    (seed >> 12) % 60);
	}
	buf_puts(&body, "]");
	add_body(set, body.data, body.size);
}

static void
table(struct shelf *shelf, const char *name, const struct set *set)
{
	static const struct way ways[] = {
		{ "zlib 1 (nginx's preset)", CODING_IDENTITY, 1 }, { "zlib 6", CODING_IDENTITY, 6 },
		{ "gate gzip", CODING_GZIP, 0 }, { "gate deflate", CODING_DEFLATE, 0 },
		{ "gate zstd", CODING_ZSTD, 0 }, { "gate br", CODING_BR, 0 },
	};
	double nginx = 0;
	size_t nginx_bytes = 0, bytes = 0;

	printf("%s: %d bodies, %zu bytes each\n", name, set->n, set->bytes / (size_t)set->n);
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		double us = measure(shelf, &ways[i], set, &bytes);
		if (i == 0) {
			nginx = us;
			nginx_bytes = bytes;
		}
		printf("  %-24s %8.1f us  ratio %5.2f  CPU /%.2f  bytes x%.2f\n", ways[i].name, us,
		    (double)set->bytes / (double)bytes, nginx / us, (double)bytes / (double)nginx_bytes);
	}
}

int
main(int argc, char **argv)
{
	static struct set json, files;
	struct shelf *shelf = shelf_new();
	struct err e = { 0 };

	for (uint32_t i = 0; i < BODIES; i++)
		make_json(&json, i);
	table(shelf, "rows of an API", &json);
	for (int i = 1; i < argc && files.n < BODIES; i++) {
		CLEANUP(buf_done) struct buf body = { 0 };
		if (file_read(argv[i], FILE_MAX, &body, &e) < 0) {
			fprintf(stderr, "%s\n", e.text);
			return 1;
		}
		add_body(&files, body.data, body.size);
	}
	if (files.n)
		table(shelf, "files", &files);
	for (int i = 0; i < BODIES; i++) {
		buf_done(&json.bodies[i]);
		buf_done(&files.bodies[i]);
	}
	shelf_free(shelf);
	return 0;
}
