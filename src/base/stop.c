/* SPDX-License-Identifier: MIT */
#include "base/stop.h"

#include <signal.h>

static volatile sig_atomic_t asked;

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
	struct sigaction sa = { .sa_handler = on_signal };
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool
stop_requested(void)
{
	return asked != 0;
}

int
stop_signal(void)
{
	return asked;
}
