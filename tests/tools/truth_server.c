/* SPDX-License-Identifier: MIT */
/* truth_server [PORT [SEED]]: the ground-truth server as a program, see truth.h. Says where it
 * listens and runs until it gets SIGINT or SIGTERM. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "truth.h"

int
main(int argc, char **argv)
{
	uint16_t port = argc > 1 ? (uint16_t)atoi(argv[1]) : 0;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	struct truth *t = truth_start(port, argc > 2 ? strtoull(argv[2], NULL, 10) : 1, &port);
	if (!t) {
		fprintf(stderr, "truth_server: cannot listen on 127.0.0.1:%u\n", port);
		return 1;
	}
	printf("http://127.0.0.1:%u/\n", port);
	fflush(stdout);
	sigwait(&set, &sig);
	fprintf(stderr, "%" PRId64 " requests\n", truth_requests(t));
	truth_stop(t);
	return 0;
}
