/* SPDX-License-Identifier: MIT */
/* The walk over this process's own stack, as a signal handler finds it in the middle of a known
 * chain of calls: what a sample of the kernel looks like, without needing its permission. */
#include "symbol/symbol.h"
#include "check.h"
#include "apart.h"

#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__) && !SANITIZED

enum { STACK_BYTES = 65536 };

static struct symbol_regs regs;
static unsigned char stack[STACK_BYTES];
static size_t copied;
extern void *__libc_stack_end;   /* where _start found its arguments */
static volatile int sink;

static void
copy_stack(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *u = context;
	regs = (struct symbol_regs){ .ip = (uint64_t)u->uc_mcontext.gregs[REG_RIP],
		.sp = (uint64_t)u->uc_mcontext.gregs[REG_RSP],
		.bp = (uint64_t)u->uc_mcontext.gregs[REG_RBP] };
	copied = (uint64_t)(uintptr_t)__libc_stack_end + 8 - regs.sp;
	if (copied > STACK_BYTES)
		copied = STACK_BYTES;
	memcpy(stack, (const void *)regs.sp, copied);
}

static void
nest(int signal, siginfo_t *info, void *context)
{
	raise(SIGUSR1);
	sink++;
}

static APART int
innermost(int signal)
{
	raise(signal);
	return ++sink;
}

static APART int
with_big_frame(int signal)
{
	volatile char room[2000];
	room[sink % 2000] = (char)sink;
	return innermost(signal) + room[0];
}

static APART int
with_own_size(int signal)
{
	volatile char *room = __builtin_alloca((size_t)(sink % 64 + 200));
	room[0] = 1;
	return with_big_frame(signal) + room[0];
}

static int chosen_signal;

static APART int
compare(const void *a, const void *b)
{
	if (chosen_signal) {
		int signal = chosen_signal;
		chosen_signal = 0;
		sink += with_own_size(signal);
	}
	return *(const int *)a - *(const int *)b;
}

static APART int
through_libc(int signal)
{
	int numbers[] = { 3, 1, 2 };
	chosen_signal = signal;
	qsort(numbers, 3, sizeof(numbers[0]), compare);
	return numbers[0] + sink;
}

static void
handle(int signal, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	sigaction(signal, &action, NULL);
}

/* Names of the stack's frames that are of this program, joined. */
static bool
walk(size_t stack_size, char *out, size_t out_size)
{
	struct symbols *s = symbols_new();
	uint64_t ips[128];
	bool rooted;
	size_t n = symbols_unwind(s, getpid(), &regs, stack, stack_size, ips, 128, &rooted);
	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		struct symbol symbol;
		symbols_name(s, getpid(), ips[i], i == 0, &symbol);
		if (symbol.application)
			snprintf(out + strlen(out), out_size - strlen(out), "%s ", symbol.name);
	}
	symbols_free(s);
	return rooted;
}

#define CHAIN "innermost with_big_frame with_own_size compare through_libc "

static void
reaches_the_root_through_libc(void **state)
{
	char names[1024];
	handle(SIGUSR1, copy_stack);
	through_libc(SIGUSR1);
	assert_true(walk(copied, names, sizeof(names)));
	assert_ptr_equal(strstr(names, CHAIN), names);
	assert_non_null(strstr(names, " main "));
}

static void
passes_a_signal_frame(void **state)
{
	char names[1024];
	handle(SIGUSR1, copy_stack);
	handle(SIGUSR2, nest);
	through_libc(SIGUSR2);
	assert_true(walk(copied, names, sizeof(names)));
	assert_ptr_equal(strstr(names, "nest " CHAIN), names);
}

static void
says_when_the_copy_was_too_short(void **state)
{
	char names[1024];
	handle(SIGUSR1, copy_stack);
	through_libc(SIGUSR1);
	assert_false(walk(1024, names, sizeof(names)));
	assert_non_null(strstr(names, "innermost"));
	assert_null(strstr(names, "main"));
	assert_false(walk(0, names, sizeof(names)));
}

static void
survives_nonsense(void **state)
{
	struct symbols *s = symbols_new();
	uint64_t ips[16];
	bool rooted;
	uint64_t seed = 1;
	for (size_t i = 0; i < sizeof(stack); i++)
		stack[i] = (unsigned char)((seed = seed * 6364136223846793005u + 1) >> 56);
	for (int i = 0; i < 1000; i++) {
		struct symbol_regs wild = { .ip = (uint64_t)(uintptr_t)innermost + (uint64_t)i,
			.sp = 4096, .bp = 4096 + (uint64_t)i };
		size_t n = symbols_unwind(s, getpid(), &wild, stack, sizeof(stack), ips, 16, &rooted);
		assert_in_range(n, 1, 16);
	}
	struct symbol_regs far = { .ip = 1, .sp = UINT64_MAX - 8, .bp = UINT64_MAX - 4 };
	assert_int_equal(symbols_unwind(s, getpid(), &far, stack, sizeof(stack), ips, 16, &rooted), 1);
	symbols_free(s);
}

RUN_TESTS(cmocka_unit_test(reaches_the_root_through_libc),
    cmocka_unit_test(passes_a_signal_frame),
    cmocka_unit_test(says_when_the_copy_was_too_short), cmocka_unit_test(survives_nonsense))

#else

static void
needs_plain_x86_64(void **state)
{
	SKIP("no table walk elsewhere; the address sanitizer moves frames off the stack");
}

RUN_TESTS(cmocka_unit_test(needs_plain_x86_64))

#endif
