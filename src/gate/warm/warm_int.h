/* SPDX-License-Identifier: MIT */
/* Between the files of warming. */
#pragma once

#include <pthread.h>

#include "gate/config/cron.h"
#include "gate/gate_int.h"
#include "gate/warm/warm.h"

#define WARM_QUEUE_MAX 16384    /* jobs */
#define WARM_TRIES_MAX 50       /* of a job whose upstream is busy */

struct warm_job {
	struct warm_job *next;
	enum warm_why why;
	int tries;
	uint16_t size;
	char item[];                /* popular.h */
};

struct warm_list {
	struct warm_job *first, **end;
	int64_t n;
};

struct warm {
	struct gate *gate;
	const struct gate_warming *config;
	struct metrics *metrics;    /* of the thread */
	pthread_t thread;
	bool started;

	pthread_mutex_t lock;       /* for what follows */
	pthread_cond_t wake;        /* CLOCK_MONOTONIC */
	struct warm_list jobs;
	struct warm_list updates;   /* keys, for the rules; WARM_NOT: was not stored */
	bool ending;
	int64_t pause_until_ns;     /* an upstream was busy */

	_Atomic int64_t n_jobs, in_flight;
	_Atomic int64_t lost;       /* that found the queue full */
	int64_t next_ns;            /* when the rate allows one more */
	uint32_t worker;            /* that gets the next one */

	pthread_mutex_t popular_lock;
	struct popular *popular;    /* NULL: nothing is learned */

	struct cron cron;
	int64_t preload_s, save_ns; /* wall, monotonic; 0: not */
};

/* The thread of the queue gives a worker something to do, and wakes it. Takes `job` over. */
void warm_side_give(struct gate_worker *w, struct warm_job *job);
/* A job that could not begin because clients wait. */
void warm_give_back(struct warm *warm, struct warm_job *job);
/* One that was handed out is over. */
void warm_ended(struct warm *warm);

/* ---- warm_popular.c ---- */
int warm_popular_open(struct warm *warm, struct text learned, struct err *e);
void warm_popular_save(struct warm *warm);
/* Put what is popular into the queue. */
void warm_preload(struct warm *warm);
/* What is fetched unasked is not to drive out what was asked for. */
bool warm_has_room(const struct warm *warm, const struct warm_job *job);
