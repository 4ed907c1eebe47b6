/* SPDX-License-Identifier: MIT */
#include "trace/tape.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/search.h"

#define DEPTH_MAX 16           /* of processes below each other */
#define NAMES_MAX 20000        /* then texts become "(other)": input cannot grow it further */

void
tape_init(struct tape *t, size_t max_records)
{
	*t = (struct tape){ .arena = arena_new(), .max = max_records };
	*ARENA_PUSH(t->arena, t->names, t->n_names) = NULL;
}

void
tape_done(struct tape *t)
{
	for (size_t i = 0; i < t->n_chunks; i++)
		free(t->chunks[i]);
	map_done(&t->thread_ids);
	map_done(&t->name_ids);
	map_done(&t->parents);
	map_done(&t->behind);
	map_done(&t->examples);
	arena_free(t->arena);
	*t = (struct tape){ 0 };
}

struct rec *
tape_add(struct tape *t)
{
	if (t->n >= t->max) {
		t->lost++;
		return NULL;
	}
	if (t->n == t->n_chunks * TAPE_CHUNK) {
		struct rec *chunk = calloc(TAPE_CHUNK, sizeof(*chunk));
		if (!chunk)
			abort();
		*ARENA_PUSH(t->arena, t->chunks, t->n_chunks) = chunk;
	}
	return tape_at(t, t->n++);
}

size_t
tape_first_after(const struct tape *t, const uint32_t *items, size_t n, int64_t from)
{
	return FIRST_WHERE(i, n, tape_at(t, items[i])->ts > from);
}

uint32_t
tape_thread(struct tape *t, int pid, int tid)
{
	bool new;
	uint64_t *at = map_at(&t->thread_ids, &tid, sizeof(tid), &new);
	if (!new && t->threads[*at].pid == pid)
		return (uint32_t)*at;
	*at = t->n_threads;
	struct tape_thread *thread = ARENA_PUSH(t->arena, t->threads, t->n_threads);
	thread->pid = pid;
	thread->tid = tid;
	return (uint32_t)(t->n_threads - 1);
}

uint32_t
tape_thread_by_tid(const struct tape *t, uint32_t tid)
{
	int key = (int)tid;
	const uint64_t *at = tid ? map_find(&t->thread_ids, &key, sizeof(key)) : NULL;
	return at ? (uint32_t)*at : UINT32_MAX;
}

void
tape_forked(struct tape *t, int pid, int parent)
{
	*map_at(&t->parents, &pid, sizeof(pid), NULL) = (uint64_t)parent;
}

bool
tape_is_below(const struct tape *t, int pid, int ancestor)
{
	const uint64_t *parent;
	for (int depth = 0; depth < DEPTH_MAX && (parent = map_find(&t->parents, &pid, sizeof(pid))); depth++) {
		pid = (int)*parent;
		if (pid == ancestor)
			return true;
	}
	return false;
}

void
tape_put_behind(struct tape *t, int pid)
{
	map_at(&t->behind, &pid, sizeof(pid), NULL);
}

bool
tape_is_behind(const struct tape *t, int pid)
{
	const uint64_t *parent;
	for (int depth = 0; depth < DEPTH_MAX; depth++, pid = (int)*parent) {
		if (map_find(&t->behind, &pid, sizeof(pid)))
			return true;
		if (!(parent = map_find(&t->parents, &pid, sizeof(pid))))
			break;
	}
	return false;
}

uint32_t
tape_name(struct tape *t, const char *text)
{
	bool new;
	if (!text || !*text)
		return 0;
	if (t->n_names >= NAMES_MAX && !map_find(&t->name_ids, text, strlen(text)))
		text = "(other)";
	uint64_t *at = map_at(&t->name_ids, text, strlen(text), &new);
	if (new) {
		*at = t->n_names;
		*ARENA_PUSH(t->arena, t->names, t->n_names) = arena_strdup(t->arena, text);
	}
	return (uint32_t)*at;
}

const char *
tape_text(const struct tape *t, uint32_t name)
{
	return name < t->n_names ? t->names[name] : NULL;
}

/* What is no text would not be readable anyway, and must not break the record. */
static void
make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			*text = *text == '\n' || *text == '\t' ? ' ' : '?';
}

void
tape_keep_example(struct tape *t, uint32_t name, const char *text, size_t size)
{
	bool new;
	if (!t->literals || !name)
		return;
	uint64_t *at = map_at(&t->examples, &name, sizeof(name), &new);
	if (!new)
		return;
	char *copy = arena_alloc(t->arena, size + 1);
	memcpy(copy, text, size);
	make_printable(copy);
	*at = (uint64_t)(uintptr_t)copy;
}

const char *
tape_example(const struct tape *t, uint32_t name)
{
	const uint64_t *at = map_find(&t->examples, &name, sizeof(name));
	return at ? (const char *)(uintptr_t)*at : NULL;
}

/* In the order of threads, then of time. */
static bool
is_not_before(const struct tape_handoff *h, uint32_t tid, int64_t at)
{
	return h->tid > tid || (h->tid == tid && h->at >= at);
}

int64_t
tape_last_handoff(const struct tape *t, uint32_t tid, int64_t at)
{
	size_t after = FIRST_WHERE(i, t->n_handoffs, is_not_before(&t->handoffs[i], tid, at));
	return after && t->handoffs[after - 1].tid == tid ? t->handoffs[after - 1].at : 0;
}

void
tape_window_begin(struct tape *t, int64_t now)
{
	struct tape_window *w = ARENA_PUSH(t->arena, t->windows, t->n_windows);
	w->from = now;
	w->first = t->n;
}

void
tape_window_end(struct tape *t, int64_t now)
{
	struct tape_window *w = &t->windows[t->n_windows - 1];
	w->to = now;
	w->n = t->n - w->first;
}

double
tape_seconds(const struct tape *t)
{
	int64_t sum = 0;
	for (size_t i = 0; i < t->n_windows; i++)
		sum += t->windows[i].to - t->windows[i].from;
	return ns_to_s(sum);
}
