/* SPDX-License-Identifier: MIT */
#include "plan/predict.h"

#include <math.h>

#include "stats/queueing.h"

#define RHO_MAX 0.95

double
predict_ceiling(double share)
{
	return 1 / fmax(1 - fmin(fmax(share, 0), 1), PREDICT_LEFT_MIN);
}

/* Offered load against the most that the service carried; 0 when that is only a lower bound, so
 * that no queueing gain is claimed. */
static double
utilisation(const struct run *r)
{
	double most = fmax(isfinite(r->capacity.max_rate) ? r->capacity.max_rate : 0,
	    isfinite(r->capacity.knee_rate) ? r->capacity.knee_rate : 0);

	if (r->capacity.at_least || most <= 0 || !(r->baseline.rate > 0))
		return 0;
	return fmin(r->baseline.rate / most, RHO_MAX);
}

struct predict
predict_start(const struct run *r)
{
	return (struct predict){
		.run = r, .rho = utilisation(r), .left_low = 1, .left = 1, .left_high = 1,
		.cpu_left_low = 1, .cpu_left = 1, .cpu_left_high = 1,
	};
}

/* Response time with a part `left` of the demand, over that with all of it. */
static double
queue_ratio(double left, double rho)
{
	return queue_shared(left, rho * left) / queue_shared(1, rho);
}

static struct run_num
modelled(double value, double low, double high)
{
	return (struct run_num){ value, low, high, isnan(value) ? SOURCE_NONE : SOURCE_MODELLED };
}

static struct run_num
latency(const struct predict *p, double now)
{
	return modelled(now * queue_ratio(p->left, p->rho), now * queue_ratio(p->left_low, p->rho),
	    now * p->left_high);
}

static struct run_num
throughput(const struct predict *p)
{
	double knee = p->run->capacity.at_least ? NAN : p->run->capacity.knee_rate;

	return modelled(knee / p->left, knee / p->left_high, knee / p->left_low);
}

/* Share of CPU in the requests' time, to turn a share of time into one of CPU. */
static double
cpu_share(const struct run *r)
{
	double cpu = 0, all = 0;

	for (size_t i = 0; i < r->n_time; i++)
		for (size_t k = 0; k < r->time[i].n_parts; k++) {
			double seconds = r->time[i].parts[k].share * r->time[i].seconds
			    * r->time[i].requests;
			if (!isfinite(seconds))
				continue;
			all += seconds;
			if (r->time[i].parts[k].kind == PART_CPU
			    || r->time[i].parts[k].kind == PART_RUNQUEUE)
				cpu += seconds;
		}
	return all > 0 ? cpu / all : NAN;
}

static void
take(double *left, double amount)
{
	*left = fmax(*left - amount, PREDICT_LEFT_MIN);
}

static void
take_cpu(struct predict *p, double share, double low, double middle, double high)
{
	double of_cpu = fmin(1, share / fmax(cpu_share(p->run), share));

	if (isnan(of_cpu))
		return;
	take(&p->cpu_left_low, of_cpu * high);
	take(&p->cpu_left, of_cpu * middle);
	take(&p->cpu_left_high, of_cpu * low);
}

void
predict_step(struct predict *p, const struct run_finding *f, double gain_low, double gain_high,
    double place_left, struct run_predicted *out)
{
	const struct run_baseline *b = &p->run->baseline;
	double share = fmin(fmax(isfinite(f->share) ? f->share : 0, 0), 1);
	double free_share = fmin(share, fmax(0, 1 - p->charged));
	double middle = (gain_low + gain_high) / 2;

	if (place_left >= 1)
		p->charged += free_share;
	else
		free_share = share * place_left;
	take(&p->left_low, free_share * gain_high);
	take(&p->left, free_share * middle);
	take(&p->left_high, free_share * gain_low);
	out->latency_p50 = latency(p, b->latency.p50);
	out->latency_p99 = latency(p, b->latency.p99);
	out->throughput = throughput(p);
	if (f->class == CLASS_CPU && share > 0)
		take_cpu(p, free_share, gain_low, middle, gain_high);
	out->cpu_per_request = modelled(b->cpu_per_request * p->cpu_left,
	    b->cpu_per_request * p->cpu_left_low, b->cpu_per_request * p->cpu_left_high);
}
