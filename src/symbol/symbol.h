/* SPDX-License-Identifier: MIT */
/* symbol: from addresses and stack snapshots of other processes to names.
 *
 * Unwinding walks .eh_frame tables over a copy of the stack, so code without frame pointers gives
 * complete stacks; names come from ELF symbol tables (also of separate debug files), perf maps of
 * JIT compilers and kallsyms, demangled; file and line from DWARF, only for what is reported.
 * Tables are read once per object and shared by all processes that map it (keyed by build-id or
 * device and inode). Works on processes that have ended, as far as they were seen before. Files
 * are opened through /proc/PID/root, so containers work. One thread at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

struct symbols *symbols_new(void);
void symbols_free(struct symbols *s);     /* accepts NULL */

/* Read (again) what a process has mapped. Call for each process before tracing and again when an
 * address is not found. Returns 0 or -errno. */
int symbols_see(struct symbols *s, int pid);

/* Language of what the program compiles at run time, by its name: javascript java python native. */
const char *symbols_runtime(struct symbols *s, int pid);
/* An "address" with this bit is a frame that got its name while it was unwound, because code that a
 * machine compiles does not stay where it is. Only symbols_name can read it. */
#define SYMBOL_MADE (UINT64_C(1) << 61)

struct symbol_regs { uint64_t ip, sp, bp, rbx, r12, r13, r14, r15; };

/* Return addresses, leaf first (ips[0] = regs->ip), from a copy of the stack that begins at
 * regs->sp. Returns how many; *ret_rooted: the walk reached the outermost frame. Among them are the
 * numbers of who names frames (symbols_set_frames). */
size_t symbols_unwind(struct symbols *s, int pid, const struct symbol_regs *regs,
    const void *stack, size_t stack_size, uint64_t *ips, size_t max, bool *ret_rooted);

/* A function with a return probe returns to the kernel's trampoline, and its return address on the
 * stack is the trampoline's: ask `original` for what stood there (0: not known, the stack ends).
 * `slot` is the address of that word in the process. */
void symbols_set_returns(struct symbols *s,
    uint64_t (*original)(void *ctx, int pid, uint64_t slot), void *ctx);

/* Code without tables (a JIT compiler's, an engine's own) may keep in its frame what it runs. For
 * each such frame `name` is asked which addresses to put into the stack, leaf first: its own
 * numbers or frame->ip. Returns how many; 0 leaves it at frame->ip. */
#define SYMBOL_FRAME_WORDS 5
struct symbol_frame {
	int pid;
	uint64_t ip;
	bool exact;            /* ip is where execution was, else a return address */
	bool in_module;        /* of an object file; else made at run time */
	uint64_t words[SYMBOL_FRAME_WORDS];   /* below the frame pointer, nearest last; 0 unknown */
};
typedef size_t (*symbols_frame_fn)(void *ctx, const struct symbol_frame *frame, uint64_t *ips,
    size_t max);
void symbols_set_frames(struct symbols *s, symbols_frame_fn name, void *ctx);

/* The int constants that the objects of a process export under names that begin with `prefix`
 * (what is left of the name is given): how an engine tells debuggers its layout. */
typedef void (*symbols_constant_fn)(void *ctx, const char *name, int value);
void symbols_constants(struct symbols *s, int pid, const char *prefix, symbols_constant_fn fn,
    void *ctx);

struct symbol {
	const char *name;      /* demangled; "[module+0x1234]" when nothing better is known */
	const char *module;    /* file name of the object, "[kernel]", "[jit]", "[vdso]" */
	const char *language;  /* native python javascript java kernel */
	const char *file;      /* from a perf map or DWARF; NULL unknown */
	int line;
	bool named;            /* a real name */
	bool application;      /* the process's own program or script, no library, no kernel */
};

/* `leaf`: ip is where execution was; else a return address (looked up one byte before). Strings
 * live as long as `s`. Always fills *out. */
void symbols_name(struct symbols *s, int pid, uint64_t ip, bool leaf, struct symbol *out);
void symbols_kernel_name(struct symbols *s, uint64_t ip, struct symbol *out);

/* Why the Java frames of a process cannot be seen; NULL: they can, or it runs no Java. *ret_java:
 * it does. */
const char *symbols_java_lost(struct symbols *s, int pid, bool *ret_java);

/* Source file and line from DWARF: slow, for reported addresses only. In what was inlined from another file: the
 * place of the function that it was inlined into. False when unknown. */
bool symbols_line(struct symbols *s, int pid, uint64_t ip, const char **ret_file, int *ret_line);

/* Code of the process around an address, [ip - before, ip + after), out of the object's file. False where
 * not all of it is known. */
bool symbols_code(struct symbols *s, int pid, uint64_t ip, size_t before, size_t after, void *out);
/* The functions that the compiler put into the code at an address of the program itself, innermost
 * first and the function that holds them last, each an "address" of SYMBOL_MADE. 0: none were, or no
 * DWARF tells. Slow, as symbols_line. */
size_t symbols_inlined(struct symbols *s, int pid, uint64_t ip, bool leaf, uint64_t *ips, size_t max);

/* Name of the data object at an address ("inventory_lock" in .bss), NULL when unknown. */
const char *symbols_data_name(struct symbols *s, int pid, uint64_t address);

/* Path of the i-th object whose code a process maps, as it sees it; NULL: no more. */
const char *symbols_object(struct symbols *s, int pid, size_t i);

/* File offset of the first function whose name begins so, for uprobes; 0 when absent. */
uint64_t symbols_method_offset(const char *path, const char *prefix);
/* Of the program itself, when it is a Go program with its symbols: address of a variable; place of a
 * member in a structure of a package. */
bool symbols_go_variable(struct symbols *s, int pid, const char *name, uint64_t *ret);
bool symbols_go_member(struct symbols *s, int pid, const char *package, const char *type,
    const char *member, uint32_t *ret);
bool symbols_is_go(struct symbols *s, int pid);

/* File offset of an exported function in an object file, for uprobes; 0 when absent. */
uint64_t symbols_function_offset(const char *path, const char *function);
