/* SPDX-License-Identifier: MIT */
#include "trace/stacks.h"

#include <string.h>

#define STACKS_MAX  20000      /* distinct; more go to the empty stack */
#define SCRIPT_MARK (UINT64_C(1) << 62)
#define IS_KERNEL(ip) ((ip) >> 63)

struct stack_key {
	int64_t pid;
	uint64_t frames[STACK_FRAMES_MAX];
};

void
stacks_init(struct stacks *s, struct symbols *symbols)
{
	*s = (struct stacks){ .arena = arena_new(), .symbols = symbols };
	ARENA_PUSH(s->arena, s->items, s->n);
}

void
stacks_done(struct stacks *s)
{
	map_done(&s->ids);
	map_done(&s->script_ids);
	map_done(&s->named);
	arena_free(s->arena);
	*s = (struct stacks){ 0 };
}

uint64_t
stacks_script(struct stacks *s, const struct script_frame *f)
{
	struct { const char *function, *file; } id = { f->function, f->file };
	bool new;
	uint64_t *at = map_at(&s->script_ids, &id, sizeof(id), &new);
	if (new) {
		*at = s->n_scripts;
		struct frame *frame = ARENA_PUSH(s->arena, s->scripts, s->n_scripts);
		const char *base = f->file ? strrchr(f->file, '/') : NULL;
		frame->name = arena_strdup(s->arena, f->function ? f->function : "?");
		frame->file = arena_strdup(s->arena, f->file);
		frame->module = base ? frame->file + (base + 1 - f->file) : frame->file;
		frame->language = f->language;
		frame->line = f->line;
		frame->application = f->application;
		frame->named = true;
	}
	return SCRIPT_MARK | *at;
}

static uint64_t
python_number(struct stacks *s, const struct python_frame *f)
{
	return stacks_script(s, &(struct script_frame){ .function = f->function, .file = f->file,
		.line = f->line, .application = f->application, .language = "python" });
}

static size_t
append(uint64_t *to, size_t n, const uint64_t *from, size_t n_from)
{
	for (size_t i = 0; i < n_from && n < STACK_FRAMES_MAX; i++)
		to[n++] = from[i];
	return n;
}

uint32_t
stacks_add(struct stacks *s, int pid, const uint64_t *kernel, size_t n_kernel,
    const uint64_t *user, size_t n_user, const struct python_frame *script, size_t n_script,
    bool rooted)
{
	struct stack_key key = { .pid = pid };
	size_t n = append(key.frames, 0, kernel, n_kernel);
	n = append(key.frames, n, user, n_user);
	for (size_t i = 0; i < n_script && n < STACK_FRAMES_MAX; i++)
		key.frames[n++] = python_number(s, &script[i]);
	if (!n)
		return 0;
	size_t size = sizeof(key.pid) + n * sizeof(key.frames[0]);
	if (s->n >= STACKS_MAX && !map_find(&s->ids, &key, size))
		return 0;
	bool new;
	uint64_t *at = map_at(&s->ids, &key, size, &new);
	if (new) {
		*at = s->n;
		struct stack *stack = ARENA_PUSH(s->arena, s->items, s->n);
		uint64_t *frames = arena_alloc(s->arena, n * sizeof(*frames));
		memcpy(frames, key.frames, n * sizeof(*frames));
		*stack = (struct stack){ .pid = pid, .n = (uint32_t)n, .frames = frames,
			.rooted = rooted };
	}
	return (uint32_t)*at;
}

static struct frame *
name_address(struct stacks *s, int pid, uint64_t ip, bool leaf)
{
	struct symbol symbol;
	struct frame *f = arena_alloc(s->arena, sizeof(*f));
	if (IS_KERNEL(ip))
		symbols_kernel_name(s->symbols, ip, &symbol);
	else
		symbols_name(s->symbols, pid, ip, leaf, &symbol);
	*f = (struct frame){ .name = symbol.name ? symbol.name : "?", .module = symbol.module,
		.language = symbol.language, .file = symbol.file, .line = symbol.line, .ip = ip,
		.application = symbol.application, .named = symbol.named };
	if (!IS_KERNEL(ip)) {
		s->user_frames++;
		s->user_named += symbol.named;
	}
	return f;
}

const struct frame *
stacks_frame(struct stacks *s, uint32_t stack, size_t i)
{
	const struct stack *st = &s->items[stack];
	uint64_t ip = st->frames[i];
	if (ip & SCRIPT_MARK && !IS_KERNEL(ip))
		return &s->scripts[ip & ~SCRIPT_MARK];
	struct { uint64_t ip; int32_t pid, leaf; } id =
	    { ip, IS_KERNEL(ip) ? 0 : st->pid, i == 0 || IS_KERNEL(st->frames[i - 1]) };
	bool new;
	uint64_t *at = map_at(&s->named, &id, sizeof(id), &new);
	if (new) {
		*at = s->n_frames;
		*ARENA_PUSH(s->arena, s->frames, s->n_frames) = name_address(s, st->pid, ip, id.leaf);
	}
	return s->frames[*at];
}

static bool
begins_with_one_of(const char *text, const char *const *starts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strncmp(text, starts[i], strlen(starts[i])))
			return true;
	return false;
}

/* Code of the C library, and the classes below Java's locks, say only how something waits or copies,
 * not who wanted it. */
static bool
is_plumbing(const struct frame *f)
{
	static const char *const modules[] = { "libc.so", "libc-", "libpthread", "ld-linux", "[vdso]" };
	static const char *const classes[] = { "java.util.concurrent.locks.", "jdk.internal.misc.",
		"sun.misc.Unsafe", "java.lang.Object.wait", "java.util.concurrent.ForkJoinPool.managedBlock",
		"java.util.concurrent.ForkJoinPool.unmanagedBlock" };
	bool java = f->language && !strcmp(f->language, "java");
	if (java)
		return begins_with_one_of(f->name, classes, sizeof(classes) / sizeof(*classes));
	return f->module && begins_with_one_of(f->module, modules, sizeof(modules) / sizeof(*modules));
}

/* Below a Java function the machine's own are plumbing too; its compiler and collector have no other. */
static bool
is_java_machine(const struct frame *f)
{
	return f->module && (!strncmp(f->module, "libjvm.so", 9) || !strcmp(f->module, "[jvm]"));
}

/* Code that a JIT compiler made and nobody named is still the service's own, unlike the runtime's
 * functions around it. */
static bool
is_unnamed_jit(const struct frame *f)
{
	return f->module && !strcmp(f->module, "[jit]") && !f->named;
}

const struct frame *
stacks_own_frame(struct stacks *s, uint32_t stack)
{
	static const struct frame jit = { .name = "JIT-compiled code", .module = "[jit]",
		.language = "native", .application = true };
	const struct stack *st = &s->items[stack];
	const struct frame *own = NULL, *named = NULL, *machine = NULL, *f = NULL;
	for (size_t i = 0; i < st->n; i++) {
		f = stacks_frame(s, stack, i);
		if (is_unnamed_jit(f))
			return &jit;
		/* A script's top level stands at the root of everything: it says nothing. */
		bool says = f->application && strcmp(f->name, "<module>") != 0;
		if (says && strcmp(f->language ? f->language : "", "native") != 0)
			return f;
		if (says && !own)
			own = f;
		if (!f->named || IS_KERNEL(st->frames[i]) || is_plumbing(f))
			continue;
		if (!machine && is_java_machine(f))
			machine = f;
		else if (!named && !is_java_machine(f))
			named = f;
	}
	/* What started the machine's own threads stands at the root of them, in the C library. */
	return own ? own : named ? named : machine ? machine : f;
}

bool
stacks_contains(struct stacks *s, uint32_t stack, const char *name)
{
	for (size_t i = 0; i < s->items[stack].n; i++)
		if (!strcmp(stacks_frame(s, stack, i)->name, name))
			return true;
	return false;
}
