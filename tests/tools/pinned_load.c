/* SPDX-License-Identifier: MIT */
/* pinned_load [-c CONNECTIONS] [-n TIMES] [-m MILLISECONDS] [-r RATE] [-s] URL: the same phase again
 * and again, each on new connections, or (-s) on connections spread over the processes of the service.
 * A closed loop, or RATE requests a second. A line each: requests a second, p99 in milliseconds,
 * placement. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "load/load.h"
#include "observe/observe.h"

struct options {
	int64_t connections, times, milliseconds;
	double rate;
	bool spread;
	const char *url;
};

static int
read_options(int argc, char **argv, struct options *o)
{
	int letter;

	while ((letter = getopt(argc, argv, "c:n:m:r:s")) >= 0)
		switch (letter) {
		case 'c':
			o->connections = atoll(optarg);
			break;
		case 'n':
			o->times = atoll(optarg);
			break;
		case 'm':
			o->milliseconds = atoll(optarg);
			break;
		case 'r':
			o->rate = atof(optarg);
			break;
		case 's':
			o->spread = true;
			break;
		default:
			return -1;
		}
	o->url = argv[optind];
	return optind + 1 == argc ? 0 : -1;
}

static int
measure(const struct options *o, struct load *l, struct observe_owners *owners, struct run *r,
    struct err *e)
{
	struct load_step step = {
		.name = "pinned", .rate = o->rate, .closed = o->rate > 0 ? 0 : o->connections,
		.for_ns = o->milliseconds * NS_PER_MS, .fresh = !o->spread,
	};
	struct run_phase *p;
	double placement = NAN;
	int code = 0;

	if (o->spread)
		code = load_spread(l, o->connections, observe_owner, owners, &placement, e);
	if (code == 0)
		code = load_run(l, &step, false, r, &p, e);
	if (code == 0)
		printf("%.1f %.3f %.3f\n", p->throughput, p->latency.p99 * 1e3, placement);
	return code;
}

int
main(int argc, char **argv)
{
	struct options o = { .connections = 16, .times = 10, .milliseconds = 1000 };
	struct load *l = NULL;
	struct err e = { 0 };

	if (read_options(argc, argv, &o) < 0) {
		fprintf(stderr, "usage: pinned_load [-c CONNECTIONS] [-n TIMES] [-m MILLISECONDS] [-r RATE] "
		    "[-s] URL\n");
		return 2;
	}
	struct spec spec = {
		.urls = &o.url, .n_urls = 1, .seed = 1, .reuse = 1, .timeout_ns = 10 * NS_PER_S,
		.connections = (int)o.connections,
	};
	struct run *r = run_new();
	signal(SIGPIPE, SIG_IGN);
	int code = observe_find(&spec, r, &e);
	struct observe_owners *owners = observe_owners_new(r);
	if (code == 0)
		code = load_open(&spec, NULL, &l, &e);
	for (int64_t i = 0; i < o.times && code == 0; i++)
		code = measure(&o, l, owners, r, &e);
	if (code < 0)
		fprintf(stderr, "pinned_load: %s\n", e.text);
	load_close(l);
	observe_owners_free(owners);
	run_free(r);
	return code < 0;
}
