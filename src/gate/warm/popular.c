/* SPDX-License-Identifier: MIT */
#include "gate/warm/popular.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/secret_name.h"

#define NONE UINT32_MAX
#define SCALE_MOST 100.0   /* half-lives after which counts are scaled down */

struct item {
	uint64_t hash;
	double count, error;      /* scaled by 2^(half-lives since base) */
	char *text;
	uint32_t size;
	uint32_t next;            /* in its bucket */
	uint32_t place;           /* in the heap */
};

struct popular {
	int64_t half_life_ns, base_ns;
	size_t max, n, buckets;
	struct item *items;
	uint32_t *first;          /* of each bucket */
	uint32_t *heap;           /* the smallest count first */
};

struct popular *
popular_new(size_t items, int64_t half_life_ns)
{
	struct popular *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	*p = (struct popular){ .half_life_ns = half_life_ns, .max = items, .buckets = items * 2 + 1 };
	p->items = calloc(items, sizeof(*p->items));
	p->heap = calloc(items, sizeof(*p->heap));
	p->first = malloc(p->buckets * sizeof(*p->first));
	if (!p->items || !p->heap || !p->first) {
		popular_free(p);
		return NULL;
	}
	for (size_t i = 0; i < p->buckets; i++)
		p->first[i] = NONE;
	return p;
}

void
popular_free(struct popular *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		free(p->items[i].text);
	free(p->items);
	free(p->heap);
	free(p->first);
	free(p);
}

/* ---- the heap -------------------------------------------------------------------------------- */

static void
put(struct popular *p, size_t place, uint32_t item)
{
	p->heap[place] = item;
	p->items[item].place = (uint32_t)place;
}

static double
count_at(const struct popular *p, size_t place)
{
	return p->items[p->heap[place]].count;
}

static void
sift_up(struct popular *p, size_t at)
{
	uint32_t item = p->heap[at];

	for (; at && count_at(p, (at - 1) / 2) > p->items[item].count; at = (at - 1) / 2)
		put(p, at, p->heap[(at - 1) / 2]);
	put(p, at, item);
}

static void
sift_down(struct popular *p, size_t at)
{
	uint32_t item = p->heap[at];

	for (size_t child; (child = 2 * at + 1) < p->n; at = child) {
		if (child + 1 < p->n && count_at(p, child + 1) < count_at(p, child))
			child++;
		if (count_at(p, child) >= p->items[item].count)
			break;
		put(p, at, p->heap[child]);
	}
	put(p, at, item);
}

/* ---- counting -------------------------------------------------------------------------------- */

/* What a request of that time weighs, in the counts' scale. */
static double
weight_of(struct popular *p, int64_t wall_ns)
{
	if (!p->base_ns)
		p->base_ns = wall_ns;
	double lives = (double)(wall_ns - p->base_ns) / (double)p->half_life_ns;
	if (lives > SCALE_MOST) {
		for (size_t i = 0; i < p->n; i++) {
			p->items[i].count *= exp2(-lives);
			p->items[i].error *= exp2(-lives);
		}
		p->base_ns = wall_ns;
		lives = 0;
	}
	return exp2(lives);
}

static uint32_t *
find(struct popular *p, uint64_t hash, struct text text)
{
	uint32_t *at = &p->first[hash % p->buckets];

	for (; *at != NONE; at = &p->items[*at].next) {
		const struct item *i = &p->items[*at];
		if (i->hash == hash && i->size == text.size && memcmp(i->text, text.at, text.size) == 0)
			break;
	}
	return at;
}

static void
unlink_item(struct popular *p, uint32_t item)
{
	uint32_t *at = &p->first[p->items[item].hash % p->buckets];

	while (*at != item)
		at = &p->items[*at].next;
	*at = p->items[item].next;
}

/* A counter for who has none: a free one, or the smallest. */
static uint32_t
take_counter(struct popular *p)
{
	uint32_t item;

	if (p->n < p->max) {
		item = (uint32_t)p->n++;
		put(p, item, item);
		return item;
	}
	item = p->heap[0];
	unlink_item(p, item);
	free(p->items[item].text);
	p->items[item].error = p->items[item].count;
	return item;
}

static void
begin_item(struct popular *p, uint64_t hash, struct text text, double weight)
{
	char *copy = malloc(text.size);

	if (!copy)
		return;
	memcpy(copy, text.at, text.size);
	uint32_t at = take_counter(p);
	struct item *i = &p->items[at];
	*i = (struct item){ .hash = hash, .count = i->count + weight, .error = i->error, .text = copy,
		.size = (uint32_t)text.size, .next = p->first[hash % p->buckets], .place = i->place };
	p->first[hash % p->buckets] = at;
	sift_up(p, i->place);
	sift_down(p, i->place);
}

void
popular_add(struct popular *p, struct text item, double requests, int64_t wall_ns)
{
	double weight = requests * weight_of(p, wall_ns);
	uint64_t hash = XXH3_64bits(item.at, item.size);

	if (!item.size || item.size > POPULAR_TEXT_MAX || !(weight > 0))
		return;
	uint32_t *at = find(p, hash, item);
	if (*at == NONE) {
		begin_item(p, hash, item, weight);
		return;
	}
	p->items[*at].count += weight;
	sift_down(p, p->items[*at].place);
}

/* ---- ranking --------------------------------------------------------------------------------- */

static int
by_requests(const void *a, const void *b)
{
	const struct popular_item *x = a, *y = b;
	int less = memcmp(x->text.at, y->text.at, x->text.size < y->text.size ? x->text.size : y->text.size);

	if (x->requests != y->requests)
		return x->requests < y->requests ? 1 : -1;
	return less ? less : (x->text.size > y->text.size) - (x->text.size < y->text.size);
}

size_t
popular_top(struct popular *p, size_t n, int64_t wall_ns, struct popular_item *out)
{
	struct popular_item *all = calloc(p->n + 1, sizeof(*all));
	double scale = 1 / weight_of(p, wall_ns);
	size_t found = 0;

	for (size_t i = 0; all && i < p->n; i++) {
		const struct item *item = &p->items[i];
		if (item->count > item->error)
			all[found++] = (struct popular_item){ { item->text, item->size },
				(item->count - item->error) * scale };
	}
	if (found)
		qsort(all, found, sizeof(*all), by_requests);
	found = found < n ? found : n;
	if (found)
		memcpy(out, all, found * sizeof(*out));
	free(all);
	return found;
}

/* ---- the file -------------------------------------------------------------------------------- */

#define HEADER "prony popular 1 "
#define END    "end "

static bool
has_secret(struct text item)
{
	const char *line = memchr(item.at, '\n', item.size);
	const char *end = line ? line : item.at + item.size;
	const char *at = memchr(item.at, '?', (size_t)(end - item.at));

	while (at && at < end) {
		size_t n = 0;
		for (at++; at + n < end && at[n] != '=' && at[n] != '&';)
			n++;
		if (secret_name(at, n))
			return true;
		at = memchr(at, '&', (size_t)(end - at));
	}
	return false;
}

void
popular_write(struct popular *p, int64_t wall_ns, struct buf *out)
{
	struct popular_item *all = calloc(p->n + 1, sizeof(*all));
	size_t begin = out->size, n = all ? popular_top(p, p->n, wall_ns, all) : 0;

	buf_printf(out, HEADER "%" PRId64 "\n", wall_ns / NS_PER_S);
	for (size_t i = 0; i < n; i++) {
		struct text t = all[i].text;
		if (memchr(t.at, '\t', t.size) || has_secret(t))
			continue;
		buf_printf(out, "%.9g ", all[i].requests);
		for (size_t k = 0; k < t.size; k++)
			buf_putc(out, t.at[k] == '\n' ? '\t' : t.at[k]);
		buf_putc(out, '\n');
	}
	buf_printf(out, END "%016" PRIx64 "\n", (uint64_t)XXH3_64bits(out->data + begin, out->size - begin));
	free(all);
}

/* The lines between header and end; false: the file is damaged. */
static bool
check_file(struct text *file, int64_t *ret_wall_ns)
{
	static const size_t header = sizeof(HEADER) - 1, end = sizeof(END) - 1 + 17;
	char sum[18], *rest;

	if (file->size < header + end || memcmp(file->at, HEADER, header) != 0 ||
	    memcmp(file->at + file->size - end, END, sizeof(END) - 1) != 0)
		return false;
	snprintf(sum, sizeof(sum), "%016" PRIx64 "\n", (uint64_t)XXH3_64bits(file->at, file->size - end));
	if (memcmp(file->at + file->size - 17, sum, 17) != 0)
		return false;
	*ret_wall_ns = (int64_t)strtoll(file->at + header, &rest, 10);
	if (*rest != '\n' || *ret_wall_ns <= 0 || *ret_wall_ns > INT64_MAX / NS_PER_S)
		return false;
	*ret_wall_ns *= NS_PER_S;
	file->size -= end + (size_t)(rest + 1 - file->at);
	file->at = rest + 1;
	return true;
}

/* "12.5 http://host/path\tname: value" */
static void
read_line(struct popular *p, const char *line, size_t size, int64_t wall_ns)
{
	char copy[POPULAR_TEXT_MAX + 64], *rest;

	if (size >= sizeof(copy))
		return;
	memcpy(copy, line, size);
	copy[size] = '\0';
	double requests = strtod(copy, &rest);
	if (rest == copy || *rest != ' ' || !(requests > 0) || !isfinite(requests))
		return;
	struct text item = { rest + 1, (size_t)(copy + size - rest - 1) };
	for (char *c = rest + 1; *c; c++)
		*c = *c == '\t' ? '\n' : *c;
	popular_add(p, item, requests, wall_ns);
}

int
popular_read(struct popular *p, const char *name, struct text file, struct err *e)
{
	int64_t wall_ns;

	if (!check_file(&file, &wall_ns))
		return err_set(e, EINVAL, "%s: not what this version writes, or damaged", name);
	for (const char *at = file.at, *end = at + file.size, *next; at < end; at = next) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		next = line ? line + 1 : end;
		read_line(p, at, (size_t)((line ? line : end) - at), wall_ns);
	}
	return 0;
}
