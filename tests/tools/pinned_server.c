/* SPDX-License-Identifier: MIT */
/* pinned_server [-p PORT] [-n PROCESSES] [-u MICROSECONDS] [-a]: the service of pinned.h as a program.
 * With -a its processes race for connections at one socket. Says where it listens, runs until SIGINT
 * or SIGTERM. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pinned.h"

static int
read_options(int argc, char **argv, struct pinned *p)
{
	int letter;

	while ((letter = getopt(argc, argv, "p:n:u:a")) >= 0)
		switch (letter) {
		case 'p':
			p->port = (uint16_t)atoi(optarg);
			break;
		case 'n':
			p->n = atoi(optarg);
			break;
		case 'u':
			p->cost_ns = 1000 * atoll(optarg);
			break;
		case 'a':
			p->race = true;
			break;
		default:
			return -1;
		}
	return optind == argc && p->n > 0 && p->n <= PINNED_MAX ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct pinned p = { .n = 4, .cost_ns = 1000000 };
	sigset_t set;
	int sig;

	if (read_options(argc, argv, &p) < 0) {
		fprintf(stderr, "usage: pinned_server [-p PORT] [-n PROCESSES] [-u MICROSECONDS] [-a]\n");
		return 2;
	}
	if (!pinned_start(&p)) {
		fprintf(stderr, "pinned_server: cannot listen on 127.0.0.1:%u\n", p.port);
		return 1;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	printf("listening on 127.0.0.1:%u\n", p.port);
	fflush(stdout);
	sigwait(&set, &sig);
	pinned_stop(&p);
	return 0;
}
