/* SPDX-License-Identifier: MIT */
/* Queues in steady state, by formula: the base of sizing, and of what a plan predicts.
 *
 * Rates are per second, times seconds, `offered` is rate x service time (erlangs). Arrivals are
 * Poisson unless said otherwise; scv is a squared coefficient of variation (0 constant, 1
 * exponential). NAN: no steady state, or outside what the formula is good for.
 *
 * Sources: Kleinrock, Queueing Systems I (1975), 3 and 5; Gross & Harris, Fundamentals of Queueing
 * Theory, 2; Denning & Buzen, The operational analysis of queueing network models (1978). Users: plan
 * (queue_shared), model (queue_little); capacity planning is built on the rest. Pure. */
#pragma once

#include <stdint.h>

/* ---- c servers behind one queue: M/M/c ----------------------------------------------------- */

/* Share of the arrivals that find all servers busy: lost without a queue (Erlang B), and waiting
 * with one (Erlang C; NAN when offered >= servers). By recursion: exact and stable for thousands. */
double queue_erlang_b(int64_t servers, double offered);
double queue_erlang_c(int64_t servers, double offered);

struct queue_mmc {
	int64_t servers;
	double rate, service;
	double utilisation;        /* of each server */
	double waits;              /* share of the arrivals: Erlang C */
	double wait, response;     /* means */
	double waiting, present;   /* mean numbers; present: with those in service */
	double empty;              /* share of the time */
};

/* Kleinrock I, 3.5. Where there is no steady state (utilisation >= 1) waits, means and numbers are NAN. */
struct queue_mmc queue_mmc(int64_t servers, double rate, double service);

/* The time that a share 0 < q < 1 of the requests does not exceed: of waiting (0 for those who need
 * not) and of waiting and service together, exact for any number of servers. */
double queue_mmc_wait_quantile(const struct queue_mmc *m, double q);
double queue_mmc_response_quantile(const struct queue_mmc *m, double q);

/* The same with room for `room` >= servers requests, waiting or in service: M/M/c/K. Who finds it
 * full is turned away, so that there is always a steady state. */
struct queue_mmck {
	double turned_away;        /* share of the arrivals */
	double throughput;
	double wait, response;     /* of those let in */
	double waiting, present;
};

struct queue_mmck queue_mmck(int64_t servers, int64_t room, double rate, double service);

/* ---- one server ---------------------------------------------------------------------------- */

/* Mean wait of M/G/1 by Pollaczek and Khinchine; scv 0 is M/D/1. */
double queue_mg1_wait(double rate, double service, double scv);

/* Kingman's approximation for any arrivals, G/G/1. Of light load it is too far off (it has given four
 * times the truth at utilisation 0.3), so below QUEUE_KINGMAN_MIN it is NAN. */
#define QUEUE_KINGMAN_MIN 0.7
double queue_gg1_wait(double rate, double service, double scv_arrivals, double scv_service);

/* Mean response of a server that is shared equally by those present, whatever the distribution of
 * their needs (M/G/1-PS, and M/M/1): service / (1 - utilisation). */
double queue_shared(double service, double utilisation);

/* ---- operational laws: of any system, from what was counted -------------------------------- */

/* Little: how many are present when so many a second stay so long. */
double queue_little(double throughput, double seconds);

/* The bounds of a closed system with `users` that think for `think` seconds between requests, that
 * demand `total` seconds of service, `most` of them at the busiest place. */
struct queue_bounds {
	double throughput;         /* at most: min(1 / most, users / (total + think)) */
	double response;           /* at least: max(total, users most - think) */
	double knee;               /* users where the two meet: (total + think) / most */
};

struct queue_bounds queue_bounds(double users, double think, double total, double most);
