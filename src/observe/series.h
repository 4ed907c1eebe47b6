/* SPDX-License-Identifier: MIT */
/* Sampled quantities in bounded memory: points over the whole run, figures over the window.
 *
 * Points: at most SERIES_POINTS buckets of equal length; when all are full, neighbours are merged
 * and the length doubles. Window: exact sum, smallest and largest; for the slope again at most
 * SERIES_POINTS merged samples. One thread at a time. */
#pragma once

#include "run/run.h"

#define SERIES_MAX 64
#define SERIES_POINTS 120

struct series_points {
	double t[SERIES_POINTS], y[SERIES_POINTS];
	size_t n;
	size_t stride;          /* samples in a full bucket */
	double sum_t, sum_y;    /* of the bucket being filled */
	size_t in_bucket, known;
};

struct series {
	const char *name, *unit, *scope;
	double latest;          /* NAN before the first */
	struct series_points run, window;
	size_t window_samples;
	double window_sum, window_min, window_max;
};

/* Where collectors put what they see. */
struct sink {
	struct series *items[SERIES_MAX];
	size_t n;
	bool in_window;
	bool no_service;        /* there is none here: its series are not declared */
	double t_s;             /* of the pass going on */
};

/* Declare a series; names are static. Returns what sink_put wants, -1 for one not wanted. */
int sink_series(struct sink *k, const char *name, const char *unit, const char *scope);

/* One sample. NAN says nothing and leaves the last one standing. */
void sink_put(struct sink *k, int series, double value);

/* The pass is over: one point for each series, a repeated one where nothing was put. */
void sink_tick(struct sink *k);

/* Begin the window; what it held is forgotten. */
void sink_window(struct sink *k);

/* Mean over the window, over the run where there was none; NAN when the series is not there. */
double sink_mean(const struct sink *k, const char *name);

/* Add every series that has points to the run. */
void sink_write(struct sink *k, struct run *r);
void sink_done(struct sink *k);

/* A counter as a rate. NAN at first; a counter that falls has begun anew and gives 0. */
struct rate { double last; int64_t at_ns; };
double rate_step(struct rate *r, double total, int64_t now_ns);
