/* SPDX-License-Identifier: MIT */
/* The schedule: which request is due when, fixed before the first one is sent.
 *
 * It is data: arrival i is a function of the schedule and i alone, so two measurements with the
 * same schedule offer the same requests at the same moments, however many workers share them
 * (worker k of n takes the arrivals k, k + n, k + 2n ...). A rate that changes is a list of parts;
 * arrival i is where the integral of the rate reaches i (constant spacing) or the i-th point of a
 * Poisson process of unit rate (Cinlar's inversion: exact for every rate curve). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct schedule_part {
	double rate;           /* per second */
	int64_t for_ns;
};

struct schedule {
	const struct schedule_part *parts;
	size_t n_parts;
	bool poisson;          /* else constant spacing */
	uint64_t seed;
	uint32_t routes;       /* arrivals take the routes in turn */
	int64_t at_most;       /* arrivals in all; 0: as many as fit */
};

struct arrival {
	int64_t index;
	int64_t at_ns;         /* since the schedule's start */
	uint32_t route;
	uint64_t seed;         /* of whatever in this request is random */
};

/* Reads the share of one worker, in order. Borrows the schedule. */
struct schedule_reader {
	const struct schedule *schedule;
	int64_t index, stride; /* of the next arrival; how many workers share */
	int64_t drawn;         /* Poisson: gaps used so far */
	double place;          /* Poisson: sum of those gaps */
	size_t part;
	double part_place;     /* integral of the rate, and time, at the start of that part */
	int64_t part_ns;
};

struct schedule_reader schedule_read(const struct schedule *s, int64_t worker, int64_t workers);
bool schedule_next(struct schedule_reader *r, struct arrival *ret);   /* false: no more */

/* 64 random bits for (seed, i). */
uint64_t schedule_random(uint64_t seed, uint64_t i);
