/* SPDX-License-Identifier: MIT */
#include "symbol/hotspot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/map.h"
#include "symbol/hotspot_method.h"

/* What is remembered of an address is asked for anew after this: code goes and other code comes. */
#define REMEMBER_NS (3 * NS_PER_S)

enum { METHODS_MAX = 1 << 15, LINES_MAX = 16 << 20, LINES_OF_ONE_MAX = 1 << 16,
	MADE_MAX = 1 << 18, PCS_MAX = 1 << 16, CALLS_MAX = 64 };

/* x86-64: words from rbp in a frame of the interpreter (cpu/x86/frame_x86.hpp). */
enum { FRAME_SENDER_SP = -1, FRAME_METHOD = -3, FRAME_BCP = -8, FRAME_CALLER_BP = 0,
	FRAME_RETURN = 1, FRAME_END = 2 };

/* A place in compiled code or a stub. */
struct place {
	struct hotspot_code code;
	uint32_t n;
	uint32_t names[];        /* in the list of made symbols */
};

struct hotspot {
	struct arena *arena;     /* methods */
	struct arena *places;    /* until they are forgotten */
	int pid;
	struct hotspot_memory memory;
	struct hotspot_layout layout;
	struct hotspot_cache cache;
	struct symbol_list *made;
	struct map by_pc;        /* pc and exactness -> struct place * */
	struct map by_method;    /* -> struct hotspot_method *, 0: none there */
	struct map by_line;      /* method and line -> made symbol */
	size_t lines_bytes;      /* of all methods */
	int64_t forgotten_ns;
};

/* ---- opening -------------------------------------------------------------------------------- */

static bool
read_process(void *ctx, uint64_t address, void *out, size_t size)
{
	struct hotspot *h = ctx;
	struct iovec local = { out, size }, remote = { (void *)(uintptr_t)address, size };
	return process_vm_readv(h->pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static struct hotspot *
hotspot_new(struct symbol_list *made)
{
	struct hotspot *h = calloc(1, sizeof(*h));
	if (!h)
		abort();
	h->arena = arena_new();
	h->places = arena_new();
	h->made = made;
	return h;
}

static int
open_at(struct hotspot **ret, struct hotspot *h, uint64_t structs, uint64_t types, struct err *e)
{
	const char *missing = NULL;
	int result = hotspot_layout_read(&h->layout, &h->memory, structs, types, &missing);
	if (result == 0)
		result = hotspot_cache_read(&h->cache, &h->layout, &h->memory);
	if (result == 0) {
		*ret = h;
		return 0;
	}
	hotspot_free(h);
	if (result == -ENOTSUP)
		return err_set(e, ENOTSUP, "this version of the Java machine does not tell of %s",
		    missing);
	return err_set(e, EIO, "cannot read the memory of the Java machine");
}

int
hotspot_open_memory(struct hotspot **ret, const struct hotspot_memory *m, uint64_t structs,
    uint64_t types, struct symbol_list *made, struct err *e)
{
	struct hotspot *h = hotspot_new(made);
	h->memory = *m;
	return open_at(ret, h, structs, types, e);
}

int
hotspot_open(struct hotspot **ret, int pid, const struct module *libjvm, struct symbol_list *made,
    struct err *e)
{
	uint64_t structs, types, word;
	if (!object_by_name(libjvm->object, OBJECT_DATA, "gHotSpotVMStructs", &structs) ||
	    !object_by_name(libjvm->object, OBJECT_DATA, "gHotSpotVMTypes", &types))
		return err_set(e, ENOTSUP, "this Java machine exports no description of itself");
	struct hotspot *h = hotspot_new(made);
	h->pid = pid;
	h->memory = (struct hotspot_memory){ read_process, h };
	errno = 0;
	if (!read_process(h, structs + libjvm->bias, &word, sizeof(word)) && errno == EPERM) {
		hotspot_free(h);
		err_set(e, EPERM, "may not read the memory of the Java machine");
		err_hint(e, "run as root, or with the capability cap_sys_ptrace");
		return -EPERM;
	}
	return open_at(ret, h, structs + libjvm->bias, types + libjvm->bias, e);
}

void
hotspot_free(struct hotspot *h)
{
	if (!h)
		return;
	map_done(&h->by_pc);
	map_done(&h->by_method);
	map_done(&h->by_line);
	arena_free(h->places);
	arena_free(h->arena);
	free(h);
}

bool
hotspot_covers(const struct hotspot *h, uint64_t pc)
{
	return hotspot_cache_covers(&h->cache, pc);
}

/* ---- names ---------------------------------------------------------------------------------- */

static uint32_t
make(struct hotspot *h, const struct symbol *symbol)
{
	if (h->made->n >= MADE_MAX)
		return 0;
	*ARENA_PUSH(h->made->arena, h->made->items, h->made->n) = *symbol;
	return (uint32_t)h->made->n - 1;
}

static const struct hotspot_method *
method_at(struct hotspot *h, uint64_t address)
{
	bool new;
	if (h->by_method.count >= METHODS_MAX && !map_find(&h->by_method, &address, sizeof(address)))
		return NULL;
	uint64_t *at = map_at(&h->by_method, &address, sizeof(address), &new);
	if (!new)
		return (const struct hotspot_method *)(uintptr_t)*at;
	struct hotspot_method found;
	size_t left = LINES_MAX - h->lines_bytes;
	if (!hotspot_method_read(&h->layout, &h->memory, h->arena, address,
	        left < LINES_OF_ONE_MAX ? left : LINES_OF_ONE_MAX, &found))
		return NULL;
	h->lines_bytes += found.lines_size;
	struct hotspot_method *m = arena_alloc(h->arena, sizeof(*m));
	*m = found;
	*at = (uint64_t)(uintptr_t)m;
	return m;
}

static uint32_t
name_call(struct hotspot *h, const struct hotspot_call *call)
{
	const struct hotspot_method *m = method_at(h, call->method);
	if (!m)
		return 0;
	int line = hotspot_method_line(h->layout.version, m, call->bci);
	struct { uint64_t method; int64_t line; } key = { call->method, line };
	bool new;
	uint64_t *at = map_at(&h->by_line, &key, sizeof(key), &new);
	if (new)
		*at = make(h, &(struct symbol){ .name = m->name, .module = "[java]", .language = "java",
		    .file = m->file, .line = m->file ? line : 0, .named = true,
		    .application = m->application });
	return (uint32_t)*at;
}

static uint32_t
name_stub(struct hotspot *h, const struct hotspot_code *code)
{
	bool new;
	uint64_t *at = map_at(&h->by_line, code->name, sizeof(code->name), &new);
	if (new)
		*at = make(h, &(struct symbol){ .module = "[jvm]", .language = "native", .named = true,
		    .name = code->name[0] ? arena_strdup(h->arena, code->name) : "[stub]" });
	return (uint32_t)*at;
}

static struct place *
new_place(struct hotspot *h, const struct hotspot_code *code, uint64_t pc, bool exact)
{
	struct hotspot_call calls[CALLS_MAX];
	size_t n = hotspot_calls_at(&h->cache, code, pc, exact, calls, CALLS_MAX);
	struct place *p = arena_alloc(h->places, sizeof(*p) + (n + 1) * sizeof(p->names[0]));
	p->code = *code;
	for (size_t i = 0; i < n; i++)
		p->names[p->n++] = name_call(h, &calls[i]);
	if (code->kind == HOTSPOT_STUB)
		p->names[p->n++] = name_stub(h, code);
	return p;
}

static void
forget_old(struct hotspot *h)
{
	int64_t now = now_ns();
	if (now - h->forgotten_ns < REMEMBER_NS && h->by_pc.count < PCS_MAX)
		return;
	h->forgotten_ns = now;
	map_done(&h->by_pc);
	arena_free(h->places);
	h->places = arena_new();
}

/* NULL: no code there any more. It lives until the next frame is asked for. */
static const struct place *
place_of(struct hotspot *h, uint64_t pc, bool exact)
{
	struct { uint64_t pc, exact; } key = { pc, exact };
	struct hotspot_code code;
	bool new;

	forget_old(h);
	uint64_t *at = map_at(&h->by_pc, &key, sizeof(key), &new);
	if (!new)
		return (const struct place *)(uintptr_t)*at;
	struct place *p = hotspot_code_at(&h->cache, pc, &code) ? new_place(h, &code, pc, exact) : NULL;
	*at = (uint64_t)(uintptr_t)p;
	return p;
}

/* ---- frames --------------------------------------------------------------------------------- */

static bool
stack_word(const struct hotspot_frame *f, uint64_t address, uint64_t *ret)
{
	uint64_t at = address - f->stack_start;
	if (address < f->stack_start || f->stack_size < sizeof(*ret) ||
	    at > f->stack_size - sizeof(*ret))
		return false;
	memcpy(ret, f->stack + at, sizeof(*ret));
	return true;
}

static bool
frame_word(const struct hotspot_frame *f, int word, uint64_t *ret)
{
	return f->bp >= f->sp && stack_word(f, f->bp + (uint64_t)((int64_t)word * 8), ret);
}

static size_t
name_interpreted(struct hotspot *h, const struct hotspot_frame *f, uint32_t *ret)
{
	uint64_t bcp;
	struct hotspot_call call = { .bci = -1 };
	if (!frame_word(f, FRAME_METHOD, &call.method))
		return 0;
	const struct hotspot_method *m = method_at(h, call.method);
	if (!m)
		return 0;
	if (frame_word(f, FRAME_BCP, &bcp) && bcp >= m->code && bcp - m->code < m->code_size)
		call.bci = (int32_t)(bcp - m->code);
	*ret = name_call(h, &call);
	return 1;
}

size_t
hotspot_names(struct hotspot *h, const struct hotspot_frame *f, uint32_t *ret, size_t max)
{
	const struct place *p = place_of(h, f->ip, f->exact);
	if (!p || !max)
		return 0;
	if (p->code.kind == HOTSPOT_INTERPRETED)
		return name_interpreted(h, f, ret);
	size_t n = p->n < max ? p->n : max;
	memcpy(ret, p->names, n * sizeof(*ret));
	return n;
}

/* The caller's return address is below `sp`, and below that its rbp, unless rbp is still its own. */
static bool
leave(struct hotspot_frame *f, uint64_t sp, bool saved_bp)
{
	uint64_t ip, bp = f->bp;
	if (!stack_word(f, sp - 8, &ip) || (saved_bp && !stack_word(f, sp - 16, &bp)))
		return false;
	f->ip = ip;
	f->sp = sp;
	f->bp = bp;
	f->exact = false;
	return true;
}

static bool
is_return(const struct hotspot_frame *f, uint64_t address)
{
	uint64_t ip;
	return stack_word(f, address, &ip) && f->is_code(f->ctx, ip);
}

static bool
step_interpreted(struct hotspot_frame *f)
{
	uint64_t sender, end = f->bp + FRAME_END * 8;
	if (f->bp < f->sp || !frame_word(f, FRAME_SENDER_SP, &sender) || !leave(f, end, true))
		return false;
	/* Arguments for a compiled callee are pushed below what the caller thinks is its end. */
	if (sender > end && sender - f->stack_start < f->stack_size)
		f->sp = sender;
	return true;
}

/* Is the frame gone already: at `ret`, or at the check for a safepoint before it (since version 16
 * `cmp rsp, [r15 + n]; ja`, earlier a load)? */
static bool
is_behind_frame(const uint8_t code[8])
{
	return code[0] == 0xc3 || (code[0] == 0x49 && code[1] == 0x3b && (code[2] & 0xbf) == 0xa7) ||
	    (code[0] == 0x0f && code[1] == 0x87) ||
	    (code[0] == 0x85 && code[1] == 0x05 && code[6] == 0xc3) ||
	    (code[0] == 0x41 && code[1] == 0x85 && code[3] == 0xc3);
}

/* Interrupted anywhere, also while the frame is made or left. */
static bool
step_compiled_leaf(struct hotspot *h, const struct hotspot_code *code, struct hotspot_frame *f)
{
	uint8_t bytes[8] = { 0 };
	bool unfinished = code->frame_complete > 0 &&
	    f->ip < code->begin + (uint64_t)code->frame_complete;
	if (!h->memory.read(h->memory.ctx, f->ip, bytes, sizeof(bytes)))
		return false;
	if (unfinished && is_return(f, f->sp))
		return leave(f, f->sp + 8, false);
	if ((unfinished || bytes[0] == 0x5d) && is_return(f, f->sp + 8))   /* pop rbp */
		return leave(f, f->sp + 16, true);
	if (is_behind_frame(bytes) && is_return(f, f->sp))
		return leave(f, f->sp + 8, false);
	return leave(f, f->sp + (uint64_t)code->frame_words * 8, true);
}

/* Stubs have a frame of known size, one with a frame pointer, or none. */
static bool
step_stub(const struct hotspot_code *code, struct hotspot_frame *f)
{
	if (f->exact && is_return(f, f->sp))
		return leave(f, f->sp + 8, false);
	if (code->frame_words > 1 && is_return(f, f->sp + (uint64_t)code->frame_words * 8 - 8))
		return leave(f, f->sp + (uint64_t)code->frame_words * 8, true);
	return f->bp >= f->sp && leave(f, f->bp + FRAME_END * 8, true);
}

bool
hotspot_step(struct hotspot *h, struct hotspot_frame *f)
{
	const struct place *p = place_of(h, f->ip, f->exact);
	if (!p)
		return false;
	if (p->code.kind == HOTSPOT_INTERPRETED)
		return step_interpreted(f);
	if (p->code.kind == HOTSPOT_STUB || p->code.frame_words <= 1)
		return step_stub(&p->code, f);
	if (f->exact)
		return step_compiled_leaf(h, &p->code, f);
	return leave(f, f->sp + (uint64_t)p->code.frame_words * 8, true);
}
