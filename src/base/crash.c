/* SPDX-License-Identifier: MIT */
/* Everything below a signal is async-signal-safe: write(2) and what is on the stack. backtrace(3) is
 * once it has been called, for it loads a library the first time; should it wait for a lock that the
 * crashed thread holds, an alarm ends the wait. */
#include "base/crash.h"

#include <execinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file_map.h"

#define FRAMES_MAX  24
#define STACK_BYTES ((size_t)64 << 10)
#define WAIT_S      3

static const struct { int number; const char *what; } signals[] = {
	{ SIGSEGV, "segmentation fault" }, { SIGBUS, "bus error" }, { SIGILL, "illegal instruction" },
	{ SIGFPE, "arithmetic error" }, { SIGABRT, "aborted" },
};

static char doing[48] = "start";
static bool leaves_core;
static atomic_int crashed;       /* the thread that did so first */

void
crash_doing(const char *what)
{
	if (strncmp(doing, what, sizeof(doing) - 1) != 0)
		strncpy(doing, what, sizeof(doing) - 1);
}

/* ---- the message --------------------------------------------------------------------------- */

static void
put(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;    /* nobody is left to be told */
}

static void
put_number(uint64_t n, unsigned base)
{
	char text[24], *at = text + sizeof(text) - 1;

	*at = '\0';
	do {
		*--at = "0123456789abcdef"[n % base];
	} while (n /= base);
	put(at);
}

static void
put_cause(int sig, const siginfo_t *info)
{
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		if (signals[i].number == sig)
			put(signals[i].what);
	if (info->si_code <= 0) {
		put(", sent by process ");
		put_number((uint64_t)info->si_pid, 10);
	} else {
		put(" at address 0x");
		put_number((uintptr_t)info->si_addr, 16);
	}
}

static void
tell(int sig, const siginfo_t *info)
{
	void *frames[FRAMES_MAX];

	put("prony: internal error: ");
	put_cause(sig, info);
	put("\n  prony " PRONY_VERSION ", busy with: ");
	put(doing);
	put("\n");
	int n = backtrace(frames, FRAMES_MAX);
	backtrace_symbols_fd(frames, n, STDERR_FILENO);
	put("  next: this is a bug of prony, please report it with these lines; what was measured so far is "
	    "in the run's folder, unsealed\n");
}

/* ---- the signals --------------------------------------------------------------------------- */

static void
on_alarm(int sig)
{
	(void)sig;
	_exit(STATUS_BUG);
}

static void
die(int sig)
{
	sigset_t all;

	if (!leaves_core)
		_exit(STATUS_BUG);
	signal(sig, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	raise(sig);
}

static void
on_crash(int sig, siginfo_t *info, void *context)
{
	int none = 0, self = gettid();

	(void)context;
	if (sig == SIGBUS && info->si_code > 0 && file_map_mend(info->si_addr))
		return;
	if (!atomic_compare_exchange_strong(&crashed, &none, self)) {
		if (none == self)       /* while it told of the first */
			die(sig);
		for (;;)
			pause();
	}
	alarm(WAIT_S);
	tell(sig, info);
	die(sig);
}

void
crash_install(void)
{
	static char stack[STACK_BYTES];
	struct sigaction crash = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct sigaction waited = { .sa_handler = on_alarm };
	const char *core = getenv("PRONY_CORE");
	void *frame;

	if (SANITIZED)
		return;
	leaves_core = core && strcmp(core, "1") == 0;
	backtrace(&frame, 1);
	sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL);
	sigaction(SIGALRM, &waited, NULL);
	sigfillset(&crash.sa_mask);
	sigdelset(&crash.sa_mask, SIGALRM);
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		sigaction(signals[i].number, &crash, NULL);
}
