/* SPDX-License-Identifier: MIT */
/* Requests of a log grouped to routes, in bounded memory.
 *
 * A route is method, host and target with a slot for each path segment that is a number, a UUID or
 * a hexadecimal id, and for each value in the query. A slot keeps a sample of the distinct values
 * seen: the 16 whose hashes are smallest, so that it is the same sample in whatever order lines
 * come, and those of parts of a log merge to that of the whole.
 *
 * When there are too many routes or bytes the rarest are given up (lossy counting, Manku and
 * Motwani 2002), which cannot touch a route that has a noticeable share. One thread a census. */
#pragma once

#include "base/map.h"
#include "import/log_line.h"

#define CENSUS_SLOTS_MAX  12
#define CENSUS_VALUES_MAX 16
#define CENSUS_SLOT       '\x01'   /* stands in a route's key for a slot */

struct census_slot {
	uint64_t hashes[CENSUS_VALUES_MAX];   /* ascending */
	char *values[CENSUS_VALUES_MAX];
	int n;
};

struct census_route {
	char *key;                  /* "GET http://shop.test/orders/\1?page=\1" */
	size_t size;
	uint64_t hash;              /* of the key */
	uint64_t count, statuses[6];   /* by class: 2 is 2xx; 0: not said */
	struct census_slot *slots;
	int n_slots;
};

/* Requests that are not counted in a route, by reason. */
enum census_lost {
	LOST_OTHER_LINE,     /* not of the log's kind, or too long */
	LOST_EMPTY,          /* no request in it */
	LOST_METHOD,         /* changes something, and that was not asked for */
	LOST_TARGET,         /* "*", CONNECT, or no URL or path */
	LOST_COMPLEX,        /* too long, or too many parameters */
	LOST_RARE,           /* given up for memory */
	LOST_MAX,
};

struct census {
	struct map index;                  /* key: place in routes */
	struct census_route **routes;
	size_t n_routes, allocated, bytes;
	uint64_t requests;                 /* counted in routes */
	uint64_t lost[LOST_MAX];
	uint64_t hidden;                   /* values of secret parameters */
	bool all_methods;
};

/* Count one line's request. The hash of its route; 0: lost. */
uint64_t census_add(struct census *t, const struct log_entry *entry);

/* Move everything from `from`, which is empty afterwards. */
void census_merge(struct census *to, struct census *from);

/* Most frequent first; equals by name. */
void census_sort(struct census *t);
void census_done(struct census *t);
