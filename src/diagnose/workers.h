/* SPDX-License-Identifier: MIT */
/* Queues in front of workers: threads, processes, an executor. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

#define WORKERS_QUEUE_MIN 0.20

struct workers {
	double queue;                  /* share of the requests' time waiting for one */
	double cpu;                    /* share of that in which the workers compute, or wait for a CPU */
	const char *did;               /* what they did meanwhile, as a text */
	const struct run_part *wait;   /* the one thing that they mostly wait for; NULL: there is none */
	bool steady;                   /* that is a server which few ask at a time, and which answers as fast as to one alone: it
	                                * has room for more */
};

/* Are there too few of them? NULL: yes. Else why not, as a text. */
const char *workers_enough(const struct facts *f, struct workers *ret);
