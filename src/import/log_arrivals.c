/* SPDX-License-Identifier: MIT */
#include "import/log_arrivals.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"

#define WINDOW     ((size_t)65536)         /* arrivals that are held back to be put in order */
#define SECOND_MAX ((size_t)1 << 20)       /* arrivals of one second that are spread together */

struct recording {
	char *path, *temporary;
	FILE *spool;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	uint64_t next_chunk;
	bool exact, failed;                    /* exact: some time is no whole second */
};

int
recording_open(const char *path, struct recording **ret, struct err *e)
{
	struct recording *a = calloc(1, sizeof(*a));

	if (!a || !(a->path = strdup(path)) ||
	    asprintf(&a->temporary, "%s.tmp.%ld", path, (long)getpid()) < 0)
		abort();
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->turn, NULL);
	int fd = open(a->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	a->spool = fd < 0 ? NULL : fdopen(fd, "w+b");
	if (!a->spool) {
		int code = err_set(e, errno, "cannot create '%s': %s", a->temporary, strerror(errno));
		err_hint(e, "name a file in a folder that can be written with --replay");
		if (fd >= 0)
			close(fd);
		recording_drop(a);
		return code;
	}
	unlink(a->temporary);
	*ret = a;
	return 0;
}

void
recording_drop(struct recording *a)
{
	if (!a)
		return;
	if (a->spool)
		fclose(a->spool);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->turn);
	free(a->temporary);
	free(a->path);
	free(a);
}

void
recording_append(struct recording *a, uint64_t chunk, const struct recorded *list, size_t n)
{
	bool exact = false;

	for (size_t i = 0; i < n && !exact; i++)
		exact = list[i].time_ns % NS_PER_S != 0;
	pthread_mutex_lock(&a->lock);
	while (a->next_chunk != chunk)
		pthread_cond_wait(&a->turn, &a->lock);
	a->exact = a->exact || exact;
	if (n && fwrite(list, sizeof(*list), n, a->spool) != n)
		a->failed = true;
	a->next_chunk++;
	pthread_cond_broadcast(&a->turn);
	pthread_mutex_unlock(&a->lock);
}

/* ---- the second pass ---- */

struct writer {
	FILE *out;
	bool spread;
	int64_t first_ns, last_ns, second_ns;
	uint32_t *second;                      /* flows of the second that is collected */
	size_t n_second;
	uint64_t written;
};

static void
print_arrival(struct writer *w, int64_t time_ns, uint32_t flow)
{
	if (w->written++ == 0)
		w->first_ns = w->last_ns = time_ns;
	if (time_ns > w->last_ns)
		w->last_ns = time_ns;
	int64_t us = (w->last_ns - w->first_ns) / NS_PER_US;
	fprintf(w->out, "%lld.%06lld %u\n", (long long)(us / 1000000), (long long)(us % 1000000), flow);
}

static void
flush_second(struct writer *w)
{
	for (size_t i = 0; i < w->n_second; i++)
		print_arrival(w, w->second_ns + (int64_t)((double)i / (double)w->n_second * 1e9),
		    w->second[i]);
	w->n_second = 0;
}

static void
write_arrival(struct writer *w, int64_t time_ns, uint32_t flow)
{
	if (!w->spread) {
		print_arrival(w, time_ns, flow);
		return;
	}
	if (w->n_second && (time_ns != w->second_ns || w->n_second == SECOND_MAX))
		flush_second(w);
	w->second_ns = time_ns;
	w->second[w->n_second++] = flow;
}

/* A heap by time; equal times keep the order in which they came. */
struct held { int64_t time_ns; uint64_t order; uint32_t flow; };

static bool
is_before(const struct held *a, const struct held *b)
{
	return a->time_ns < b->time_ns || (a->time_ns == b->time_ns && a->order < b->order);
}

static void
heap_push(struct held *heap, size_t *n, struct held item)
{
	size_t at = (*n)++;

	for (; at && is_before(&item, &heap[(at - 1) / 2]); at = (at - 1) / 2)
		heap[at] = heap[(at - 1) / 2];
	heap[at] = item;
}

static struct held
heap_pop(struct held *heap, size_t *n)
{
	struct held top = heap[0], last = heap[--*n];
	size_t at = 0;

	for (size_t child; (child = 2 * at + 1) < *n; at = child) {
		if (child + 1 < *n && is_before(&heap[child + 1], &heap[child]))
			child++;
		if (!is_before(&heap[child], &last))
			break;
		heap[at] = heap[child];
	}
	heap[at] = last;
	return top;
}

/* The arrival after which the file goes on; one that is before it came too late to be put right. */
static void
release(struct writer *w, struct held item, int64_t *reached_ns, uint64_t *late)
{
	if (item.time_ns < *reached_ns) {
		++*late;
		item.time_ns = *reached_ns;
	}
	*reached_ns = item.time_ns;
	write_arrival(w, item.time_ns, item.flow);
}

static void
sort_spool(struct recording *a, const struct map *flows, struct writer *w, uint64_t *ret_late)
{
	struct held *heap = calloc(WINDOW + 1, sizeof(*heap));
	struct recorded next;
	size_t n = 0;
	uint64_t order = 0;
	int64_t reached_ns = INT64_MIN;

	if (!heap)
		abort();
	while (fread(&next, sizeof(next), 1, a->spool) == 1) {
		const uint64_t *flow = map_find(flows, &next.route, sizeof(next.route));
		if (!flow)
			continue;
		heap_push(heap, &n, (struct held){ next.time_ns, order++, (uint32_t)*flow });
		if (n > WINDOW)
			release(w, heap_pop(heap, &n), &reached_ns, ret_late);
	}
	while (n)
		release(w, heap_pop(heap, &n), &reached_ns, ret_late);
	flush_second(w);
	free(heap);
}

static int
fill_file(struct recording *a, FILE *out, const uint64_t *routes, size_t n_routes,
    struct recording_summary *ret)
{
	struct map flows = { 0 };
	struct writer w = { .out = out, .spread = !a->exact };

	w.second = malloc(SECOND_MAX * sizeof(*w.second));
	if (!w.second)
		abort();
	for (size_t i = 0; i < n_routes; i++)
		*map_at(&flows, &routes[i], sizeof(routes[i]), NULL) = i;
	*ret = (struct recording_summary){ 0 };
	bool rewound = fflush(a->spool) == 0 && fseek(a->spool, 0, SEEK_SET) == 0;
	if (rewound)
		sort_spool(a, &flows, &w, &ret->late);
	ret->written = w.written;
	ret->seconds = ns_to_s(w.last_ns - w.first_ns);
	map_done(&flows);
	free(w.second);
	return !rewound || a->failed || ferror(a->spool) || fflush(out) != 0 || ferror(out) ||
	    fsync(fileno(out)) < 0 ? -EIO : 0;
}

int
recording_write(struct recording *a, const uint64_t *routes, size_t n_routes,
    struct recording_summary *ret, struct err *e)
{
	FILE *out = fopen(a->temporary, "wbe");
	int code = out ? fill_file(a, out, routes, n_routes, ret) : -errno;

	if (out && fclose(out) != 0 && code == 0)
		code = -EIO;
	if (code == 0 && rename(a->temporary, a->path) < 0)
		code = -errno;
	if (code < 0) {
		unlink(a->temporary);
		err_set(e, -code, "cannot write '%s': %s", a->path, strerror(-code));
		err_hint(e, "is there room on the disk? it takes 16 bytes a request meanwhile");
	}
	recording_drop(a);
	return code;
}
