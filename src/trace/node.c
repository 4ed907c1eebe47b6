/* SPDX-License-Identifier: MIT */
#include "trace/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "symbol/maps.h"
#include "trace/v8_code.h"
#include "trace/v8_heap.h"
#include "trace/v8_positions.h"

struct node {
	int pid;
	struct v8_layout layout;
	struct v8_heap heap;
	uint64_t dispatch;         /* table of functions' code; 0: not found, or none is needed */
	unsigned misses;           /* of functions while it was not found */
};

struct nodes {
	struct symbols *symbols;
	struct stacks *stacks;
	struct map by_pid;         /* -> struct node * */
	struct nodes_counts counts;
};

static struct node *
node_of(const struct nodes *n, int pid)
{
	const uint64_t *at = map_find(&n->by_pid, &pid, sizeof(pid));
	return at ? (struct node *)(uintptr_t)*at : NULL;
}

/* ---- frames --------------------------------------------------------------------------------- */

static uint64_t
number_of(struct nodes *n, const struct v8_function *f)
{
	return stacks_script(n->stacks, &(struct script_frame){ .function = f->name, .file = f->file,
		.line = f->line, .application = f->application, .language = "javascript" });
}

/* Made at run time, yet no function of anybody: a stub, or a regular expression. */
static size_t
engine_frame(struct nodes *n, const struct node *node, const struct symbol_frame *frame,
    uint64_t *ips)
{
	static const struct script_frame stub = { .function = "V8 generated code", .language = "native" },
		regexp = { .function = "compiled regular expression", .language = "native" };
	uint64_t marker = frame->words[SYMBOL_FRAME_WORDS - 1];
	bool is_regexp = node->layout.frame_regexp && marker == (uint64_t)node->layout.frame_regexp << 1;
	if (frame->in_module)
		return 0;
	ips[0] = stacks_script(n->stacks, is_regexp ? &regexp : &stub);
	return 1;
}

/* The interpreter's own code says nothing beside the function that it runs. (Debian's build has no
 * names of V8's builtins.) */
static bool
is_interpreter(const char *builtin)
{
	size_t size = strlen(builtin);
	return strstr(builtin, "Interpreter") || strstr(builtin, "Baseline") ||
	    (size > 7 && strcmp(builtin + size - 7, "Handler") == 0);
}

/* The table stands where a mapping of no file begins, or a segment before: its first one is
 * empty. */
static uint64_t
find_dispatch(struct node *node, uint32_t handle)
{
	enum { SEGMENT_BYTES = 65536 };
	char path[64], line[512];
	uint64_t found = 0;
	struct maps_line m;
	snprintf(path, sizeof(path), "/proc/%d/maps", node->pid);
	CLEANUP(file_close_p) FILE *f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		if (!maps_parse_line(line, &m) || m.path_size)
			continue;
		if (v8_code_dispatched(&node->heap, m.start, handle))
			found = m.start;
		else if (v8_code_dispatched(&node->heap, m.start - SEGMENT_BYTES, handle))
			found = m.start - SEGMENT_BYTES;
	}
	return found;
}

/* Since V8 13 the number of a function's code stands where its code stood. */
static uint64_t
code_by_number(struct node *node, uint64_t closure)
{
	uint32_t handle;
	uint64_t at = closure - 1 + (uint64_t)node->layout.function_shared - 8;
	if (!node->heap.read(node->heap.ctx, at, &handle, sizeof(handle)))
		return 0;
	/* A search reads all mappings: after each that fails the next one comes later. */
	if (!node->dispatch) {
		bool search = (node->misses & (node->misses + 1)) == 0;
		node->misses++;
		node->dispatch = search ? find_dispatch(node, handle) : 0;
	}
	return v8_code_dispatched(&node->heap, node->dispatch, handle);
}

static size_t
function_frames(struct nodes *n, struct node *node, const struct symbol_frame *frame,
    const struct v8_function *f, uint64_t code, uint64_t *ips, size_t max)
{
	const struct v8_function *inlined[V8_INLINED_MAX];
	if (!frame->in_module && !node->layout.function_code)
		code = code_by_number(node, frame->words[SYMBOL_FRAME_WORDS - 2]);
	size_t depth = frame->in_module ? 0 :
	    v8_code_inlined(&node->heap, code, frame->exact ? frame->ip : frame->ip - 1, inlined);
	size_t made = 0;
	for (size_t i = 0; i < depth && made + 1 < max; i++)
		if (!inlined[i]->builtin)
			ips[made++] = number_of(n, inlined[i]);
	ips[made++] = number_of(n, f);
	return made;
}

static size_t
name_frame(void *ctx, const struct symbol_frame *frame, uint64_t *ips, size_t max)
{
	struct nodes *n = ctx;
	struct node *node = node_of(n, frame->pid);
	struct symbol symbol = { .name = "" };
	uint64_t shared, code, closure = frame->words[SYMBOL_FRAME_WORDS - 2];

	if (!node || max < 2)
		return 0;
	if (frame->in_module) {
		symbols_name(n->symbols, frame->pid, frame->ip, frame->exact, &symbol);
		if (symbol.named && strncmp(symbol.name, "Builtins_", 9) != 0)
			return 0;
	}
	if (!V8_IS_OBJECT(frame->words[SYMBOL_FRAME_WORDS - 1]) || !V8_IS_OBJECT(closure))
		return engine_frame(n, node, frame, ips);
	n->counts.frames++;
	const struct v8_function *f = v8_heap_closure(&node->heap, closure, &shared, &code) ?
	    v8_heap_function(&node->heap, shared) : NULL;
	n->counts.torn += !f;
	if (!f || f->builtin)
		return engine_frame(n, node, frame, ips);
	size_t kept = frame->in_module && symbol.named && !is_interpreter(symbol.name);
	ips[0] = frame->ip;
	return kept + function_frames(n, node, frame, f, code, ips + kept, max - kept);
}

/* ---- processes ------------------------------------------------------------------------------ */

static bool
read_memory(void *ctx, uint64_t address, void *out, size_t size)
{
	const struct node *node = ctx;
	struct iovec local = { out, size }, remote = { (void *)(uintptr_t)address, size };
	return process_vm_readv(node->pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static void
take_constant(void *ctx, const char *name, int value)
{
	v8_layout_set(ctx, name, value);
}

/* No process has memory at 0: who may read learns that, who may not learns so first. */
static int
may_read(int pid)
{
	char byte;
	struct iovec local = { &byte, 1 }, remote = { NULL, 1 };
	ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);
	return n < 0 && errno != EFAULT ? -errno : 0;
}

int
nodes_add(struct nodes *n, int pid, struct err *e)
{
	if (node_of(n, pid))
		return 0;
	struct v8_layout layout = { 0 };
	if (strcmp(symbols_runtime(n->symbols, pid), "javascript") == 0)
		symbols_constants(n->symbols, pid, V8_CONSTANTS_PREFIX, take_constant, &layout);
	if (!layout.seen)
		return err_set(e, ENOENT, "process %d runs no V8", pid);
	if (!v8_layout_finish(&layout))
		return err_set(e, ENOTSUP, "this build of V8 does not tell where it keeps its functions");
	int result = may_read(pid);
	if (result < 0)
		return err_set(e, -result, "the memory of process %d may not be read: %s", pid,
		    strerror(-result));
	struct node *node = calloc(1, sizeof(*node));
	if (!node)
		abort();
	node->pid = pid;
	node->layout = layout;
	v8_heap_init(&node->heap, &node->layout, read_memory, node);
	*map_at(&n->by_pid, &pid, sizeof(pid), NULL) = (uint64_t)(uintptr_t)node;
	return 0;
}

struct nodes *
nodes_new(struct symbols *symbols, struct stacks *stacks)
{
	struct nodes *n = calloc(1, sizeof(*n));
	if (!n)
		abort();
	n->symbols = symbols;
	n->stacks = stacks;
	symbols_set_frames(symbols, name_frame, n);
	return n;
}

void
nodes_free(struct nodes *n)
{
	size_t at = 0;
	if (!n)
		return;
	symbols_set_frames(n->symbols, NULL, NULL);
	for (const struct map_slot *slot; (slot = map_next(&n->by_pid, &at));) {
		struct node *node = (struct node *)(uintptr_t)slot->value;
		v8_heap_done(&node->heap);
		free(node);
	}
	map_done(&n->by_pid);
	free(n);
}

void
nodes_counts(const struct nodes *n, struct nodes_counts *ret)
{
	size_t at = 0;
	*ret = n->counts;
	for (const struct map_slot *slot; (slot = map_next(&n->by_pid, &at));) {
		const struct node *node = (const struct node *)(uintptr_t)slot->value;
		ret->coarse |= node->misses && !node->dispatch;
	}
}
