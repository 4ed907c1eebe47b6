/* SPDX-License-Identifier: MIT */
#include "trace/goroutines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "run/run.h"

enum { LISTED_MAX = 8192, HEAD_BYTES = 512, BATCH = 64, REASONS_MAX = 64, REASON_BYTES = 32,
	STACK_BYTES = 8192, UNWOUND_MAX = 48, WAITS_MAX = 100000, STATE_WAITING = 4 };

struct layout { uint32_t status, reason, sched, sp, pc, bp; };

struct program {
	int pid;
	uint64_t list;             /* address of runtime.allgs: data, length */
	struct layout at;
	uint8_t kinds[REASONS_MAX];   /* enum run_part_kind by the reason's number */
	uint32_t turn, stride;     /* of many that wait every stride-th is unwound */
};

struct goroutines {
	struct symbols *symbols;
	struct stacks *stacks;
	struct arena *arena;
	struct program *programs; size_t n;
	uint64_t listed[LISTED_MAX];
	uint8_t heads[BATCH][HEAD_BYTES];
};

struct goroutines *
goroutines_new(struct symbols *symbols, struct stacks *stacks)
{
	struct goroutines *g = calloc(1, sizeof(*g));
	if (!g)
		abort();
	g->symbols = symbols;
	g->stacks = stacks;
	g->arena = arena_new();
	return g;
}

void
goroutines_free(struct goroutines *g)
{
	if (!g)
		return;
	arena_free(g->arena);
	free(g);
}

static bool
read_memory(int pid, uint64_t address, void *out, size_t size)
{
	struct iovec local = { out, size }, remote = { (void *)(uintptr_t)address, size };
	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* ---- opening -------------------------------------------------------------------------------- */

static uint8_t
kind_of(const char *reason)
{
	static const char *const locks[] = { "semacquire", "sync." };
	static const char *const queues[] = { "chan receive", "chan send", "select" };
	for (size_t i = 0; i < COUNT_OF(locks); i++)
		if (!strncmp(reason, locks[i], strlen(locks[i])))
			return PART_LOCK;
	for (size_t i = 0; i < COUNT_OF(queues); i++)
		if (!strncmp(reason, queues[i], strlen(queues[i])))
			return PART_QUEUE;
	return !strcmp(reason, "sleep") ? PART_SLEEP : PART_NONE;
}

/* runtime.waitReasonStrings: what each number stands for, which changes from version to version. */
static void
read_reasons(struct symbols *s, struct program *p)
{
	uint64_t table, text[2];
	char reason[REASON_BYTES];
	if (!symbols_go_variable(s, p->pid, "runtime.waitReasonStrings", &table))
		return;
	for (size_t i = 0; i < REASONS_MAX; i++) {
		if (!read_memory(p->pid, table + i * sizeof(text), text, sizeof(text)) || !text[0] ||
		    text[1] >= sizeof(reason) || !read_memory(p->pid, text[0], reason, text[1]))
			continue;
		reason[text[1]] = '\0';
		p->kinds[i] = kind_of(reason);
	}
}

static bool
read_layout(struct symbols *s, int pid, struct layout *ret)
{
	static const struct { const char *type, *member; size_t to; } rows[] = {
		{ "runtime.g", "atomicstatus", offsetof(struct layout, status) },
		{ "runtime.g", "waitreason", offsetof(struct layout, reason) },
		{ "runtime.g", "sched", offsetof(struct layout, sched) },
		{ "runtime.gobuf", "sp", offsetof(struct layout, sp) },
		{ "runtime.gobuf", "pc", offsetof(struct layout, pc) },
		{ "runtime.gobuf", "bp", offsetof(struct layout, bp) },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint32_t offset;
		if (!symbols_go_member(s, pid, "runtime", rows[i].type, rows[i].member, &offset) ||
		    offset > HEAD_BYTES / 2)
			return false;
		memcpy((char *)ret + rows[i].to, &offset, sizeof(offset));
	}
	return true;
}

int
goroutines_add(struct goroutines *g, int pid)
{
	struct program p = { .pid = pid, .stride = 1 };
	uint64_t head[2];
	if (!symbols_is_go(g->symbols, pid))
		return -ENOENT;
	if (!symbols_go_variable(g->symbols, pid, "runtime.allgs", &p.list) ||
	    !read_layout(g->symbols, pid, &p.at))
		return -ENOTSUP;
	if (!read_memory(pid, p.list, head, sizeof(head)))
		return -EPERM;
	read_reasons(g->symbols, &p);
	*ARENA_PUSH(g->arena, g->programs, g->n) = p;
	return 0;
}

/* ---- looking -------------------------------------------------------------------------------- */

static uint64_t
word_at(const uint8_t *head, uint32_t at)
{
	uint64_t value;
	memcpy(&value, head + at, sizeof(value));
	return value;
}

/* Functions below which a server runs the handler of one request. */
static bool
serves_request(struct stacks *s, uint32_t stack)
{
	static const char *const servers[] = { "net/http.serverHandler.ServeHTTP",
		"github.com/valyala/fasthttp.(*Server).serveConn",
		"google.golang.org/grpc.(*Server).handleStream" };
	for (size_t i = 0; i < COUNT_OF(servers); i++)
		if (stacks_contains(s, stack, servers[i]))
			return true;
	return false;
}

/* The kind of what a goroutine waits for; PART_NONE: it does not, or for nothing that counts. */
static enum run_part_kind
waits_for(const struct program *p, const uint8_t *head)
{
	uint32_t status;
	memcpy(&status, head + p->at.status, sizeof(status));
	uint8_t reason = head[p->at.reason];
	return (status & 0xff) == STATE_WAITING && reason < REASONS_MAX ?
	    (enum run_part_kind)p->kinds[reason] : PART_NONE;
}

/* Does it wait as it did when its head was read? Else what its stack holds now belongs to something else. */
static bool
has_not_moved(const struct program *p, uint64_t address, const uint8_t *head)
{
	uint8_t now[HEAD_BYTES];
	uint32_t pc = p->at.sched + p->at.pc, sp = p->at.sched + p->at.sp;

	return read_memory(p->pid, address, now, sizeof(now)) && waits_for(p, now) == waits_for(p, head) &&
	    word_at(now, pc) == word_at(head, pc) && word_at(now, sp) == word_at(head, sp);
}

static uint32_t
unwind(struct goroutines *g, const struct program *p, uint64_t address, const uint8_t *head)
{
	uint8_t bytes[STACK_BYTES];
	uint64_t ips[STACK_FRAMES_MAX];
	bool rooted;
	struct symbol_regs regs = { .ip = word_at(head, p->at.sched + p->at.pc),
		.sp = word_at(head, p->at.sched + p->at.sp), .bp = word_at(head, p->at.sched + p->at.bp) };
	struct iovec local = { bytes, sizeof(bytes) };
	struct iovec remote = { (void *)(uintptr_t)regs.sp, sizeof(bytes) };
	ssize_t size = process_vm_readv(p->pid, &local, 1, &remote, 1, 0);
	if (size <= 0)   /* the stack may end where nothing is mapped */
		size = read_memory(p->pid, regs.sp, bytes, 1024) ? 1024 : 0;
	if (!size || !has_not_moved(p, address, head))
		return 0;
	size_t n = symbols_unwind(g->symbols, p->pid, &regs, bytes, (size_t)size, ips, STACK_FRAMES_MAX,
	    &rooted);
	return stacks_add(g->stacks, p->pid, NULL, 0, ips, n, NULL, 0, rooted);
}

struct look { struct tape *tape; int64_t now; size_t waiting, unwound; };

/* Of many that wait, each time others are unwound; all count. */
static void
take(struct goroutines *g, struct program *p, uint64_t address, const uint8_t *head, struct look *l)
{
	enum run_part_kind kind = waits_for(p, head);
	if (kind == PART_NONE || l->tape->n_task_waits >= WAITS_MAX)
		return;
	l->waiting++;
	if (l->unwound == UNWOUND_MAX || (l->waiting + p->turn) % p->stride != 0)
		return;
	l->unwound++;
	uint32_t stack = unwind(g, p, address, head);
	if (!stack || !serves_request(g->stacks, stack))
		return;
	*ARENA_PUSH(l->tape->arena, l->tape->task_waits, l->tape->n_task_waits) = (struct tape_wait){
		.time = l->now, .pid = p->pid, .stack = stack, .kind = (uint8_t)kind, .weight = p->stride,
		.thread = tape_thread(l->tape, p->pid, p->pid) };
}

static size_t
read_heads(struct goroutines *g, const struct program *p, const uint64_t *list, size_t n)
{
	struct iovec local[BATCH], remote[BATCH];
	for (size_t i = 0; i < n; i++) {
		local[i] = (struct iovec){ g->heads[i], HEAD_BYTES };
		remote[i] = (struct iovec){ (void *)(uintptr_t)list[i], HEAD_BYTES };
	}
	ssize_t size = process_vm_readv(p->pid, local, n, remote, n, 0);
	return size > 0 ? (size_t)size / HEAD_BYTES : 0;
}

static void
look_at(struct goroutines *g, struct program *p, struct tape *t, int64_t now)
{
	uint64_t head[2];
	struct look l = { .tape = t, .now = now };
	if (!read_memory(p->pid, p->list, head, sizeof(head)))
		return;
	size_t n = head[1] < LISTED_MAX ? head[1] : LISTED_MAX;
	if (!n || !read_memory(p->pid, head[0], g->listed, n * sizeof(g->listed[0])))
		return;
	for (size_t at = 0; at < n; at += BATCH) {
		size_t got = read_heads(g, p, g->listed + at, n - at < BATCH ? n - at : BATCH);
		for (size_t i = 0; i < got; i++)
			take(g, p, g->listed[at + i], g->heads[i], &l);
	}
	p->turn++;
	p->stride = (uint32_t)(l.waiting / UNWOUND_MAX) + 1;
}

void
goroutines_look(struct goroutines *g, struct tape *t, int64_t now)
{
	for (size_t i = 0; i < g->n; i++)
		look_at(g, &g->programs[i], t, now);
}
