/* SPDX-License-Identifier: MIT */
/* The walk up a copied stack. Each frame's row says where the caller's frame and rbp are; code
 * without rows (JIT compilers', Go's) is walked by its frame pointer. It ends at a frame that
 * the tables call outermost (thread start, _start), or at a frame pointer of zero. */
#include "symbol/process.h"

#include <string.h>

#include "base/cleanup.h"

enum { JAVA_CALLS_MAX = 64 };
#define GO_STACK_MAX (UINT64_C(1) << 20)   /* between two frames of one stack */

struct walk {
	struct symbols *symbols;
	struct process *process;
	const uint8_t *stack;
	uint64_t stack_start, stack_size;
	uint64_t ip, sp, bp;
	bool exact;          /* ip is where execution was, not a return address */
};

enum walk_end { WALK_ON, WALK_ROOT, WALK_CUT };

#if defined(__x86_64__)

static bool
stack_word(const struct walk *w, uint64_t address, uint64_t *ret)
{
	uint64_t at = address - w->stack_start;
	if (address < w->stack_start || w->stack_size < sizeof(*ret) ||
	    at > w->stack_size - sizeof(*ret))
		return false;
	memcpy(ret, w->stack + at, sizeof(*ret));
	return true;
}

static bool
find_row(struct symbols *s, const struct module *m, uint64_t address, struct cfi_row *ret)
{
	uint64_t vaddr = address - m->bias, start;
	uint64_t hash = (vaddr ^ ((uint64_t)m->object->id << 40)) * UINT64_C(0x9e3779b97f4a7c15);
	struct unwind_cached *slot = &s->unwind_cache[(hash >> 40) % UNWIND_CACHE_SLOTS];
	if (slot->object != m->object->id + 1 || slot->vaddr != vaddr) {
		*slot = (struct unwind_cached){ .vaddr = vaddr, .object = m->object->id + 1 };
		slot->found = object_cfi(m->object, vaddr, &slot->row, &start);
	}
	*ret = slot->row;
	return slot->found;
}

/* Go's runtime works on a stack of its own, from where the frame pointer leads to the goroutine's: the
 * runtime's ends there. */
static bool
is_other_stack(const struct walk *w)
{
	const struct module *m = maps_module(&w->process->maps, w->ip);
	return m && m->object->go.bytes && (w->bp < w->sp || w->bp - w->sp > GO_STACK_MAX);
}

/* A frame that begins with `push rbp; mov rbp, rsp`. */
static enum walk_end
step_frame_pointer(struct walk *w)
{
	uint64_t caller_bp, caller_ip;
	if (w->bp == 0)
		return WALK_ROOT;
	if (is_other_stack(w))
		return WALK_ROOT;
	if (w->bp < w->sp || !stack_word(w, w->bp, &caller_bp) ||
	    !stack_word(w, w->bp + 8, &caller_ip))
		return WALK_CUT;
	w->sp = w->bp + 16;
	w->bp = caller_bp;
	w->ip = caller_ip;
	return caller_ip ? WALK_ON : WALK_ROOT;
}

/* The kernel put the interrupted registers into a ucontext at rsp: gregs begin at byte 40. */
static enum walk_end
step_signal(struct walk *w)
{
	enum { GREGS = 40, GREG_BP = 10, GREG_SP = 15, GREG_IP = 16 };
	uint64_t base = w->sp + GREGS;
	if (!stack_word(w, base + GREG_BP * 8, &w->bp) || !stack_word(w, base + GREG_IP * 8, &w->ip) ||
	    !stack_word(w, base + GREG_SP * 8, &w->sp))
		return WALK_CUT;
	w->exact = true;
	return WALK_ON;
}

static bool
frame_address(const struct walk *w, const struct cfi_row *row, uint64_t *ret)
{
	uint64_t offset = (uint64_t)(int64_t)row->cfa_offset;
	switch (row->cfa) {
	case CFI_SP: *ret = w->sp + offset; return true;
	case CFI_BP: *ret = w->bp + offset; return true;
	case CFI_BP_DEREF: return stack_word(w, w->bp + offset, ret);
	case CFI_PLT: *ret = w->sp + 8 + ((w->ip & 15) >= offset ? 8 : 0); return true;
	default: return false;
	}
}

/* In an epilogue the tables may still name the place below rsp that rbp was popped from: then
 * rbp is the caller's already. */
static bool
saved_bp(const struct walk *w, const struct cfi_row *row, uint64_t cfa, uint64_t *ret)
{
	uint64_t base = row->bp == CFI_BP_AT_CFA ? cfa : w->bp;
	uint64_t address = base + (uint64_t)(int64_t)row->bp_offset;
	*ret = w->bp;
	return row->bp == CFI_BP_KEPT || address < w->sp || stack_word(w, address, ret);
}

/* What the kernel put in place of a return address, undone. 0: the address is lost. */
static uint64_t
true_return(const struct walk *w, uint64_t ip, uint64_t slot)
{
	if (process_module(w->symbols, w->process, ip - 1))
		return ip;
	const struct anonymous *t = &w->process->maps.trampoline;
	if (ip < t->start || ip >= t->end)
		return ip;
	return w->symbols->original_return
	           ? w->symbols->original_return(w->symbols->original_ctx, w->process->pid, slot)
	           : 0;
}

static enum walk_end
step_row(struct walk *w, const struct cfi_row *row)
{
	uint64_t cfa, caller_ip, caller_bp;

	if (row->cfa == CFI_OUTERMOST)
		return WALK_ROOT;
	if (row->cfa == CFI_SIGNAL)
		return step_signal(w);
	if (row->cfa == CFI_UNKNOWN)
		return step_frame_pointer(w);
	if (!frame_address(w, row, &cfa) || cfa <= w->sp || !stack_word(w, cfa - 8, &caller_ip))
		return WALK_CUT;
	if (!saved_bp(w, row, cfa, &caller_bp))
		return WALK_CUT;
	if (!caller_ip)
		return WALK_ROOT;
	w->ip = true_return(w, caller_ip, cfa - 8);
	w->sp = cfa;
	w->bp = caller_bp;
	return w->ip ? WALK_ON : WALK_CUT;
}

static bool
is_java(const struct walk *w)
{
	return w->process->hotspot && hotspot_covers(w->process->hotspot, w->ip);
}

static bool
may_return_to(void *ctx, uint64_t ip)
{
	const struct walk *w = ctx;
	return maps_module(&w->process->maps, ip - 1) || hotspot_covers(w->process->hotspot, ip);
}

static struct hotspot_frame
java_frame(struct walk *w)
{
	return (struct hotspot_frame){ .ip = w->ip, .sp = w->sp, .bp = w->bp, .exact = w->exact,
		.stack = w->stack, .stack_start = w->stack_start, .stack_size = w->stack_size,
		.is_code = may_return_to, .ctx = w };
}

static enum walk_end
step_java(struct walk *w)
{
	struct hotspot_frame f = java_frame(w);
	if (!hotspot_step(w->process->hotspot, &f) || f.sp <= w->sp)
		return WALK_CUT;
	w->ip = f.ip;
	w->sp = f.sp;
	w->bp = f.bp;
	w->exact = false;
	return f.ip ? WALK_ON : WALK_ROOT;
}

/* The calls that stand for compiled or interpreted Java code; how many. */
static size_t
name_java(struct walk *w, uint64_t *ips, size_t max)
{
	uint32_t made[JAVA_CALLS_MAX];
	struct hotspot_frame f = java_frame(w);
	size_t n = hotspot_names(w->process->hotspot, &f, made, max < COUNT_OF(made) ? max : COUNT_OF(made));
	for (size_t i = 0; i < n; i++)
		ips[i] = SYMBOL_MADE | made[i];
	return n;
}

/* What the frame that rbp points to is called by who made its code. Its words lie between the end
 * of the stack and rbp; of one that is only being made they are 0. */
static size_t
name_frame(const struct walk *w, bool in_module, uint64_t *ips, size_t max)
{
	struct symbol_frame f = { .pid = w->process->pid, .ip = w->ip, .exact = w->exact,
		.in_module = in_module };
	uint64_t from = w->bp - sizeof(f.words);
	if (!w->symbols->name_frame)
		return 0;
	for (size_t i = 0; i < SYMBOL_FRAME_WORDS && w->bp >= w->sp + sizeof(f.words); i++)
		stack_word(w, from + i * sizeof(f.words[0]), &f.words[i]);
	return w->symbols->name_frame(w->symbols->frame_ctx, &f, ips, max);
}

/* Puts the frame's addresses to `ips` and goes one frame up. An address outside all code was no
 * return address: the walk went astray. */
static enum walk_end
step(struct walk *w, uint64_t *ips, size_t *n, size_t max)
{
	struct cfi_row row = { 0 };
	uint64_t at = w->exact ? w->ip : w->ip - 1;
	const struct module *m = process_module(w->symbols, w->process, at);
	bool tabled = m && find_row(w->symbols, m, at, &row);
	bool java = !m && is_java(w);
	size_t named = tabled ? 0 : java ? name_java(w, ips + *n, max - *n) :
	    name_frame(w, m != NULL, ips + *n, max - *n);

	if (!named)
		ips[*n] = w->ip;
	*n += named ? named : 1;
	if (java)
		return step_java(w);
	w->exact = false;
	return tabled ? step_row(w, &row) : step_frame_pointer(w);
}

static bool
is_code(struct walk *w)
{
	return process_module(w->symbols, w->process, w->ip - 1) ||
	    maps_is_anonymous_code(&w->process->maps, w->ip - 1);
}

#else

/* No table walk on this architecture: a stack is its leaf. */
static enum walk_end
step(struct walk *w, uint64_t *ips, size_t *n, size_t max)
{
	ips[(*n)++] = w->ip;
	return WALK_CUT;
}

static bool
is_code(struct walk *w)
{
	return true;
}

#endif

size_t
symbols_unwind(struct symbols *s, int pid, const struct symbol_regs *regs, const void *stack,
    size_t stack_size, uint64_t *ips, size_t max, bool *ret_rooted)
{
	struct walk w = { .symbols = s, .process = process_get(s, pid), .stack = stack,
		.stack_start = regs->sp, .stack_size = stack_size, .ip = regs->ip, .sp = regs->sp,
		.bp = regs->bp, .exact = true };
	enum walk_end end = WALK_ON;
	size_t n = 0;

	while (n < max) {
		end = step(&w, ips, &n, max);
		if (end != WALK_ON)
			break;
		if (!is_code(&w)) {
			end = WALK_CUT;
			break;
		}
	}
	*ret_rooted = end == WALK_ROOT;
	return n;
}
