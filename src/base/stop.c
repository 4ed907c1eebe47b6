/* SPDX-License-Identifier: MIT */
#include "base/stop.h"

#include <signal.h>
#include <stdatomic.h>

static volatile sig_atomic_t asked;
static atomic_bool harmful;

static void
on_signal(int sig)
{
	if (asked) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	asked = sig;
}

void
stop_install(void)
{
	struct sigaction sa = { .sa_handler = on_signal }, before;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);
	/* A terminal that is closed; nohup(1) has it ignored, and that is to stay. */
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void
stop_request(void)
{
	atomic_store(&harmful, true);
}

bool
stop_requested(void)
{
	return asked != 0 || atomic_load_explicit(&harmful, memory_order_relaxed);
}
