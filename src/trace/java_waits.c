/* SPDX-License-Identifier: MIT */
#include "trace/java_waits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/search.h"

/* Keys of this kind are no addresses; a bit tells those of a task's result. */
#define SITE_MARK (UINT64_C(1) << 60)
#define TASK_MARK (UINT64_C(1) << 59)
#define SITE_BITS (TASK_MARK - 1)

enum { IDLE = 1, ASLEEP };     /* instead of a key: it waited for work, or slept */

struct site { int64_t at; uint64_t key; };
struct sites { struct site *items; size_t n; };   /* of one word, by time */

struct settling {
	struct intake *in;
	struct arena *arena;
	struct map by_word;        /* pid and address -> struct sites * */
	uint64_t *key_of_stack;    /* 0: not asked, or no Java stack */
};

struct word { uint64_t address; int64_t pid; };

static bool
ends_in_one_of(const char *name, const char *const *ends, size_t n)
{
	size_t size = strlen(name);
	for (size_t i = 0; i < n; i++)
		if (size >= strlen(ends[i]) && !strcmp(name + size - strlen(ends[i]), ends[i]))
			return true;
	return false;
}

/* Where threads of executors and servers wait for the next task. */
static bool
is_idle_place(const char *name)
{
	static const char *const ends[] = { "ThreadPoolExecutor.getTask", "ForkJoinPool.awaitWork",
		"QueuedThreadPool.idleJobPoll", "ReservedThreadExecutor$ReservedThread.reservedWait",
		"EnhancedQueueExecutor$ThreadBody.run" };
	return ends_in_one_of(name, ends, sizeof(ends) / sizeof(ends[0]));
}

/* Where a thread waits for what another one computes for it. */
static bool
is_result_place(const char *name)
{
	static const char *const ends[] = { "concurrent.FutureTask.awaitDone",
		"concurrent.CompletableFuture.waitingGet", "concurrent.CompletableFuture.timedGet",
		"concurrent.AbstractExecutorService.invokeAll" };
	return ends_in_one_of(name, ends, sizeof(ends) / sizeof(ends[0]));
}

static uint64_t
hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h;
}

/* 0: no Java frame in it. */
static uint64_t
key_of_stack(struct settling *s, uint32_t stack)
{
	struct stacks *stacks = s->in->stacks;
	bool java = false, result = false;
	for (size_t i = 0; i < stacks->items[stack].n; i++) {
		const struct frame *f = stacks_frame(stacks, stack, i);
		if (!f->language || strcmp(f->language, "java") != 0)
			continue;
		java = true;
		if (is_idle_place(f->name))
			return IDLE;
		if (!strcmp(f->name, "java.lang.Thread.sleep"))
			return ASLEEP;
		result |= is_result_place(f->name);
	}
	const struct frame *own = java ? stacks_own_frame(stacks, stack) : NULL;
	return own ? SITE_MARK | (result ? TASK_MARK : 0) | (hash(own->name) & SITE_BITS) : 0;
}

static int
pid_of(const struct settling *s, uint32_t thread)
{
	return s->in->tape->threads[thread].pid;
}

static struct sites *
sites_of(struct settling *s, uint32_t thread, uint64_t address, bool make)
{
	struct word word = { address, pid_of(s, thread) };
	uint64_t *at = make ? map_at(&s->by_word, &word, sizeof(word), NULL) :
	    map_find(&s->by_word, &word, sizeof(word));
	if (make && !*at)
		*at = (uint64_t)(uintptr_t)arena_alloc(s->arena, sizeof(struct sites));
	return at ? (struct sites *)(uintptr_t)*at : NULL;
}

/* Waits are in order of their stacks, which is nearly that of time; only for searching. */
static void
collect(struct settling *s)
{
	for (size_t i = 0; i < s->in->n_waits; i++) {
		struct wait_stack *w = &s->in->waits[i];
		if (w->unlock || w->kind != PART_LOCK || !w->stack)
			continue;
		uint64_t *known = &s->key_of_stack[w->stack];
		if (!*known)
			*known = key_of_stack(s, w->stack);
		if (!*known)
			continue;
		struct sites *sites = sites_of(s, w->thread, w->key, true);
		*ARENA_PUSH(s->arena, sites->items, sites->n) = (struct site){ w->at, *known };
		if (*known == IDLE)
			w->kind = PART_NONE;
		else if (*known == ASLEEP)
			w->kind = PART_SLEEP;
		else
			w->key = *known;
	}
}

static uint64_t
nearest(const struct sites *sites, int64_t at)
{
	size_t after = FIRST_WHERE(i, sites->n, sites->items[i].at >= at);
	bool last = after == sites->n;
	bool before = after && (last || at - sites->items[after - 1].at < sites->items[after].at - at);
	return sites->items[before ? after - 1 : after].key;
}

/* Who ended a wait, by the wait that came to its end then. */
static void
settle_unlocks(struct settling *s)
{
	for (size_t i = 0; i < s->in->n_waits; i++) {
		struct wait_stack *w = &s->in->waits[i];
		struct sites *sites = w->unlock ? sites_of(s, w->thread, w->key, false) : NULL;
		uint64_t key = sites ? nearest(sites, w->at) : 0;
		if (key > ASLEEP)
			w->key = key;
	}
}

static void
settle_records(struct settling *s)
{
	struct tape *t = s->in->tape;
	for (size_t i = 0; i < t->n; i++) {
		struct rec *r = tape_at(t, i);
		if (r->kind != REC_OFF || r->nr != SYS_futex || r->flags & OFF_PREEMPTED)
			continue;
		struct sites *sites = sites_of(s, r->thread, r->key, false);
		uint64_t key = sites ? nearest(sites, r->ts) : 0;
		if (key == IDLE)
			r->nr = SYS_accept;   /* as others wait for work */
		else if (key == ASLEEP)
			r->nr = SYS_clock_nanosleep;
		else if (key)
			r->key = key;
		if (key & SITE_MARK && key & TASK_MARK && r->flags & OFF_BY_FUTEX) {
			r->flags |= OFF_FOR_TASK;
			*ARENA_PUSH(t->arena, t->handoffs, t->n_handoffs) = (struct tape_handoff){
				.at = r->at ? r->at : r->ts, .tid = r->value };
		}
	}
}

static int
by_thread_and_time(const void *left, const void *right)
{
	const struct tape_handoff *l = left, *r = right;
	if (l->tid != r->tid)
		return l->tid < r->tid ? -1 : 1;
	return l->at < r->at ? -1 : l->at > r->at;
}

void
java_waits_settle(struct intake *in)
{
	struct settling s = { .in = in, .arena = arena_new() };
	s.key_of_stack = arena_alloc(s.arena, (in->stacks->n + 1) * sizeof(*s.key_of_stack));
	collect(&s);
	if (s.by_word.count) {
		settle_unlocks(&s);
		settle_records(&s);
		if (in->tape->n_handoffs)
			qsort(in->tape->handoffs, in->tape->n_handoffs, sizeof(*in->tape->handoffs),
			    by_thread_and_time);
	}
	map_done(&s.by_word);
	arena_free(s.arena);
}
