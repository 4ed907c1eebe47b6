/* SPDX-License-Identifier: MIT */
#include "stats/queueing.h"

#include <math.h>

#define HALVINGS 200   /* of a bracket: more than a double has digits */

/* ---- M/M/c --------------------------------------------------------------------------------- */

double
queue_erlang_b(int64_t servers, double offered)
{
	double b = 1;

	if (servers < 0 || !(offered >= 0))
		return NAN;
	for (int64_t k = 1; k <= servers; k++)
		b = offered * b / ((double)k + offered * b);
	return b;
}

double
queue_erlang_c(int64_t servers, double offered)
{
	double b = queue_erlang_b(servers, offered), idle = 1 - offered / (double)servers;

	return servers > 0 && idle > 0 ? b / (b + idle * (1 - b)) : NAN;
}

/* P(0) is 1 over the sum of a^k / k! below c and of the geometric rest from c on. Erlang B is the last
 * term's share of such a sum: each server more makes 1 / sum smaller by 1 - B. */
static double
share_empty(const struct queue_mmc *m, double offered)
{
	double b = 1, empty = 1;

	for (int64_t k = 1; k <= m->servers; k++) {
		double all = (double)k + offered * b;
		empty *= (double)k / all;
		b = offered * b / all;
	}
	return empty / (1 - b + b / (1 - m->utilisation));
}

struct queue_mmc
queue_mmc(int64_t servers, double rate, double service)
{
	double offered = rate * service, c = (double)servers;
	struct queue_mmc m = {
		.servers = servers, .rate = rate, .service = service, .utilisation = offered / c,
		.waits = queue_erlang_c(servers, offered),
	};

	m.wait = m.waits * service / (c - offered);
	m.response = m.wait + service;
	m.waiting = queue_little(rate, m.wait);
	m.present = m.waiting + offered;
	m.empty = isnan(m.waits) ? NAN : share_empty(&m, offered);
	return m;
}

/* Those who wait leave the queue at this rate. */
static double
drain_rate(const struct queue_mmc *m)
{
	return (double)m->servers / m->service - m->rate;
}

double
queue_mmc_wait_quantile(const struct queue_mmc *m, double q)
{
	if (isnan(m->waits) || !(q > 0 && q < 1))
		return NAN;
	return 1 - q >= m->waits ? 0 : log(m->waits / (1 - q)) / drain_rate(m);
}

/* Share of the requests that take longer than t: the service alone, or behind an exponential wait.
 * The difference of the two exponentials is taken by expm1 from the slower one, so that rates that
 * are (nearly) equal lose no digits. */
static double
response_above(const struct queue_mmc *m, double t)
{
	double serve = 1 / m->service, drain = drain_rate(m), apart = fabs(serve - drain);
	double slow = exp(-fmin(serve, drain) * t);
	double between = apart * t > 0 ? -expm1(-apart * t) / apart : t;

	return exp(-serve * t) + m->waits * serve * slow * between;
}

double
queue_mmc_response_quantile(const struct queue_mmc *m, double q)
{
	double low = 0, high = m->service;

	if (isnan(m->waits) || !(q > 0 && q < 1))
		return NAN;
	while (response_above(m, high) > 1 - q)
		high *= 2;
	for (int i = 0; i < HALVINGS && low < high; i++) {
		double middle = (low + high) / 2;
		if (middle <= low || middle >= high)
			break;
		if (response_above(m, middle) > 1 - q)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

/* A room of k is a room of k - 1 that is full for a share more of the time: the share obeys Erlang B's
 * recursion, with the busy servers in place of k; the means are mixtures of the two. */
struct queue_mmck
queue_mmck(int64_t servers, int64_t room, double rate, double service)
{
	struct queue_mmck m = { 1, NAN, NAN, NAN, 0, 0 };

	if (servers < 1 || room < servers || !(rate > 0 && service > 0))
		return (struct queue_mmck){ NAN, NAN, NAN, NAN, NAN, NAN };
	for (int64_t k = 1; k <= room; k++) {
		double step = rate * service / (double)(k < servers ? k : servers);
		double full = step * m.turned_away / (1 + step * m.turned_away);
		double behind = (double)(k > servers ? k - servers : 0);
		m.waiting += full * (behind - m.waiting);
		m.present += full * ((double)k - m.present);
		m.turned_away = full;
	}
	m.throughput = rate * (1 - m.turned_away);
	m.wait = m.waiting / m.throughput;
	m.response = m.present / m.throughput;
	return m;
}

/* ---- one server ---------------------------------------------------------------------------- */

double
queue_mg1_wait(double rate, double service, double scv)
{
	double rho = rate * service;

	return rho >= 0 && rho < 1 ? rho / (1 - rho) * service * (1 + scv) / 2 : NAN;
}

double
queue_gg1_wait(double rate, double service, double scv_arrivals, double scv_service)
{
	double rho = rate * service;

	if (!(rho >= QUEUE_KINGMAN_MIN && rho < 1))
		return NAN;
	return rho / (1 - rho) * service * (scv_arrivals + scv_service) / 2;
}

double
queue_shared(double service, double utilisation)
{
	return utilisation >= 0 && utilisation < 1 ? service / (1 - utilisation) : NAN;
}

/* ---- operational laws ---------------------------------------------------------------------- */

double
queue_little(double throughput, double seconds)
{
	return throughput * seconds;
}

struct queue_bounds
queue_bounds(double users, double think, double total, double most)
{
	return (struct queue_bounds){
		.throughput = fmin(1 / most, users / (total + think)),
		.response = fmax(total, users * most - think),
		.knee = (total + think) / most,
	};
}
