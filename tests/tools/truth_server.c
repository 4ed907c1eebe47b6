/* SPDX-License-Identifier: MIT */
/* truth_server [-p PORT] [-s SEED] [-l LOG] [-r] [-b]: the ground-truth server as a program, see truth.h.
 * Says where it listens, runs until SIGINT or SIGTERM, writes LOG (truth_log.h) and says how many
 * requests it saw. With -r in the lowest real-time class where it may: its delays are the truth
 * that others are measured by, and a neighbour on the core should not lengthen them. With -b it never
 * sleeps: a client that sends does not pay for waking it then. */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "truth.h"

struct options {
	uint16_t port;
	uint64_t seed;
	struct truth_options more;
	int promptly;
};

static int
read_options(int argc, char **argv, struct options *o)
{
	int letter;

	while ((letter = getopt(argc, argv, "p:s:l:rb")) >= 0)
		switch (letter) {
		case 'p':
			o->port = (uint16_t)atoi(optarg);
			break;
		case 's':
			o->seed = strtoull(optarg, NULL, 10);
			break;
		case 'l':
			o->more.log = optarg;
			break;
		case 'b':
			o->more.busy = true;
			break;
		case 'r':
			o->promptly = 1;
			break;
		default:
			return -1;
		}
	return optind == argc ? 0 : -1;
}

static void
take_means(const struct options *o)
{
	struct sched_param p = { .sched_priority = sched_get_priority_min(SCHED_RR) };
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (o->promptly)
		sched_setscheduler(0, SCHED_RR, &p);
}

int
main(int argc, char **argv)
{
	struct options o = { .seed = 1 };
	sigset_t set;
	int sig;

	if (read_options(argc, argv, &o) < 0) {
		fprintf(stderr, "usage: truth_server [-p PORT] [-s SEED] [-l LOG] [-r] [-b]\n");
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	take_means(&o);
	struct truth *t = truth_start_with(&o.more, o.port, o.seed, &o.port);
	if (!t) {
		fprintf(stderr, "truth_server: cannot listen on 127.0.0.1:%u\n", o.port);
		return 1;
	}
	printf("http://127.0.0.1:%u/\n", o.port);
	fflush(stdout);
	sigwait(&set, &sig);
	fprintf(stderr, "%" PRId64 " requests\n", truth_requests(t));
	truth_stop(t);
	return 0;
}
