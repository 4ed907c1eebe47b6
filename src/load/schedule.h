/* SPDX-License-Identifier: MIT */
/* The schedule: which request is due when, fixed before the first one is sent.
 *
 * It is data: arrival i is a function of the schedule and i alone, so two measurements with the
 * same schedule offer the same requests at the same moments, however many workers share them
 * (worker k of n takes the arrivals k, k + n, k + 2n ...). A rate that changes is a list of parts,
 * linear each; arrival i is where the integral of the rate reaches i (constant spacing) or the i-th
 * point of a Poisson process of unit rate, mapped through the inverse of that integral (Cinlar's
 * inversion: exact for every rate curve). A recorded schedule says itself when each is due
 * (load/arrivals.h).
 *
 * The unit process is made in blocks: the length of a block of n gaps is drawn as one number of the
 * gamma distribution of order n, and n exponential gaps are scaled to fill it. That is the same
 * process: the sum of n exponential numbers and their shares in it are independent (Lukacs 1955).
 * So a block can be passed over for the price of one number, and a reader remembers one block, not
 * all that came before. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/arrivals.h"
#include "load/mix.h"

/* Both rates 0: a pause. */
struct schedule_part {
	double from, to;       /* per second, at its start and its end; changes evenly in between */
	int64_t for_ns;
};

struct schedule {
	const struct schedule_part *parts;
	size_t n_parts;
	const struct arrivals *recorded;   /* instead of parts; NULL none */
	bool poisson;          /* else constant spacing */
	uint64_t seed;
	uint32_t routes;       /* of a scenario: flows */
	const struct mix *mix; /* how often each of them; NULL: arrivals take them in turn */
	int64_t at_most;       /* arrivals in all; 0: as many as fit */
};

struct arrival {
	int64_t index;
	int64_t at_ns;         /* since the schedule's start */
	uint32_t route;
	uint64_t seed;         /* of whatever in this request is random */
};

#define SCHEDULE_BLOCK 256

/* Reads the share of one worker, in order. Borrows the schedule; owns nothing. */
struct schedule_reader {
	const struct schedule *schedule;
	int64_t index, stride; /* of the next arrival; how many workers share */
	size_t part;
	double part_place;     /* integral of the rate, and time, at the start of that part */
	int64_t part_ns;
	int64_t block, drawn;  /* Poisson: the one that is reached, and whose gaps are known; -1 none */
	double block_place, block_end;       /* where it lies on the axis of the unit process */
	double block_scale;
	union {
		double places[SCHEDULE_BLOCK];   /* sums of its gaps, before scaling */
		struct arrivals_cursor cursor;
	};
};

struct schedule_reader schedule_read(const struct schedule *s, int64_t worker, int64_t workers);
bool schedule_next(struct schedule_reader *r, struct arrival *ret);   /* false: no more */

/* The route of arrival i where the schedule decides it, for whoever makes arrivals in another way
 * (a closed loop). */
uint32_t schedule_route(const struct schedule *s, int64_t i);

/* Pass over what is due before that time; returns how many arrivals that is from the schedule's start.
 * For a reader of all arrivals (worker 0 of 1). */
int64_t schedule_skip(struct schedule_reader *r, int64_t until_ns);

/* How many arrivals are due before that time. Half a nanosecond an arrival or less; of a recorded
 * schedule, one scan of the file. */
int64_t schedule_count(const struct schedule *s, int64_t until_ns);
/* Of `count` arrivals, those of one worker. */
int64_t schedule_share(int64_t count, int64_t worker, int64_t workers);

/* When the last part ends; of a recorded schedule, just after its last arrival. */
int64_t schedule_length_ns(const struct schedule *s);
/* Per second: the most that it comes to. */
double schedule_peak_rate(const struct schedule *s);

/* Write every arrival as arrivals_open reads it, `names` for the routes (NULL: numbers). The file
 * is replaced when it is complete. */
struct err;
int schedule_save(const struct schedule *s, const char *const *names, const char *path,
    struct err *e);
