/* SPDX-License-Identifier: MIT */
/* A part of the record (run.h): figures, and what a load showed of a service. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum run_source { SOURCE_NONE, SOURCE_MEASURED, SOURCE_ESTIMATED, SOURCE_MODELLED };

struct run_num {               /* a figure with its interval */
	double value, low, high;   /* low, high: 95 % unless said otherwise; NAN unknown */
	enum run_source src;
};

struct run_latency {
	double mean, p50, p95, p99, p999, max;
	double p99_low, p99_high;  /* 95 %, estimated from its seconds; NAN: too few of them */
	bool censored;             /* some requests never answered: the tail is a lower bound */
};

struct run_route {
	const char *route;         /* path of the URL */
	double rate;
	struct run_latency latency;
	double error_rate;
	int64_t requests;
	double body_bytes;         /* mean size of an answer */
	const char *content_type, *content_encoding;
	int64_t status;            /* the most frequent one */
	int64_t answered, errors, timeouts, in_flight;   /* add up to the requests */
};

struct run_baseline {
	double rate, throughput;
	struct run_latency latency;
	double error_rate, timeout_rate;
	double cpu;                /* cores used by the service */
	double rss_bytes, io_wait, net_bytes_per_s;
	double cpu_per_request;    /* seconds */
	struct run_route *routes;  size_t n_routes;
};
