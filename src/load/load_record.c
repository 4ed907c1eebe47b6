/* SPDX-License-Identifier: MIT */
/* From a phase's tally to the run's record, and the verdict on the generator itself. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/units.h"
#include "load/load_int.h"

/* A generator is the limit when requests were late for want of it and not of the service: answers fell
 * behind while its core was full, or while it needed half a core and never had time to sleep, or waited
 * for a core more than half of the time, or a quota stopped it a tenth of the time, or answers lay in the kernel
 * for longer than the service took for them; or the hundredth
 * part of its requests (and more than two) left late although a connection was free. A late send is
 * tolerable in proportion to what is measured, or promised. */
#define CPU_FULL        0.85
#define CPU_HALF        0.50
#define NEVER_ASLEEP    0.95
#define STARVED         0.50
#define THROTTLED       0.10
#define LAG_MIN_NS      (1 * NS_PER_MS)
#define LAG_OF_LATENCY  0.05
#define PROMISED_MOST_S 0.2         /* who promises little does not excuse a generator that is far behind */
#define BEHIND          0.98
#define STOLEN          0.02        /* enough to be named as the reason */

static struct run_span
span_of(const struct tally *t, enum span which)
{
	const struct histogram *h = &t->spans[which];

	return (struct run_span){
		.p50 = histogram_quantile(h, 0.5) / 1e9, .p99 = histogram_quantile(h, 0.99) / 1e9,
		.max = h->count ? (double)h->max / 1e9 : NAN,
	};
}

int64_t
tally_failures(const struct tally *t)
{
	int64_t n = tally_count(t, OUTCOME_TIMEOUT);

	for (int o = OUTCOME_CONNECT; o <= OUTCOME_EXPECT; o++)
		n += tally_count(t, (enum outcome)o);
	return n;
}

void
phase_record(struct run_phase *p, const struct tally *t)
{
	const struct histogram *lag = &t->spans[SPAN_LAG];
	struct histogram latency = tally_latency(t);

	p->scheduled = t->scheduled;
	p->sent = t->sent;
	p->answered = tally_count(t, OUTCOME_ANSWERED);
	p->timeouts = tally_count(t, OUTCOME_TIMEOUT);
	p->in_flight = tally_count(t, OUTCOME_IN_FLIGHT);
	p->errors = 0;
#define PHASE_ERROR(member, which, about) \
	p->member = tally_count(t, OUTCOME_##which); \
	p->errors += p->member;
#include "run/phase_parts.def"
#define PHASE_SPAN(member, which, about) p->member = span_of(t, SPAN_##which);
#include "run/phase_parts.def"
	p->tokens = t->tokens;
	p->tokens_estimated = t->tokens_estimated;
	p->latency = latency_of(&latency, t->censored > 0);
	p->service = latency_of(&t->spans[SPAN_SERVICE], false);
	p->lag_p99 = histogram_quantile(lag, 0.99) / 1e9;
	p->lag_max = lag->count ? (double)lag->max / 1e9 : NAN;
	histogram_done(&latency);
}

int
phase_balance(const struct run_phase *p, struct err *e)
{
	int64_t ended = p->answered + p->errors + p->timeouts + p->in_flight;

	if (p->scheduled == p->sent + p->unsent && p->sent == ended)
		return 0;
	return err_bug(e, "the books of phase '%s' do not balance: %lld scheduled, %lld sent + %lld unsent; "
	    "%lld sent, %lld answered + %lld errors + %lld timeouts + %lld in flight", p->name,
	    (long long)p->scheduled, (long long)p->sent, (long long)p->unsent, (long long)p->sent,
	    (long long)p->answered, (long long)p->errors, (long long)p->timeouts, (long long)p->in_flight);
}

static const char *
lack(struct run *r, int code)
{
	struct rlimit limit = { 0 };

	if (code == EADDRNOTAVAIL)
		return "it ran out of local ports for new connections";
	if (code != EMFILE)
		return run_printf(r, "it could not open more connections: %s", strerror(code));
	getrlimit(RLIMIT_NOFILE, &limit);
	return run_printf(r, "it ran out of file descriptors (limit %llu)",
	    (unsigned long long)limit.rlim_cur);
}

/* By more than is little against the latency, or against what was promised of it. */
static const char *
late(struct run *r, const struct run_phase *p, const struct tally *t, const struct phase_signs *signs)
{
	const struct histogram *lag = &t->spans[SPAN_LAG];
	char text[24];
	int64_t spared = lag->count / 100 > 2 ? lag->count / 100 : 2;
	int64_t worst = histogram_rank(lag, lag->count - spared);
	double promised_s = fmin(signs->promised_s, PROMISED_MOST_S);
	double limit = fmax(LAG_MIN_NS, LAG_OF_LATENCY * 1e9 * fmax(p->latency.p99, promised_s));

	if (lag->count <= spared || (double)worst <= limit)
		return NULL;
	format_duration(text, p->lag_p99);
	if (signs->stolen > STOLEN)
		return run_printf(r, "it sent late although connections were free (p99 lag %s): the hypervisor took %.0f %% "
		    "of this machine's CPU time (steal)", text, 100 * signs->stolen);
	return run_printf(r, "it sent late although connections were free (p99 lag %s): it did not "
	                     "get enough of the CPU", text);
}

/* Who waits for a connection waits for the service and for answers to be seen: which is more? Up to a tick is meant. */
static const char *
unseen(struct run *r, const struct run_phase *p, const struct tally *t)
{
	char lay[24], took[24];
	double seen = histogram_mean(&t->spans[SPAN_SEEN]) / 1e9, service = histogram_mean(&t->spans[SPAN_SERVICE]) / 1e9;

	if (isnan(seen) || seen <= fmax(service, p->tick))
		return NULL;
	return run_printf(r, "answers lay there for %s before it saw them, and the service took %s (means): it did not get "
	    "enough of the CPU", format_duration(lay, seen), format_duration(took, service));
}

void
phase_judge(struct run *r, struct run_phase *p, const struct tally *t,
    const struct phase_signs *signs)
{
	const char *late_why = late(r, p, t, signs);
	bool behind = signs->closed || late_why ||
	    p->throughput * p->seconds < BEHIND * (double)p->scheduled - 2;
	bool full = p->generator_cpu > CPU_FULL ||
	    (p->generator_cpu + signs->waited > NEVER_ASLEEP &&
	     (p->generator_cpu > CPU_HALF || (!signs->closed && signs->waited > STARVED)));

	if (signs->out_of)
		p->generator_why = lack(r, signs->out_of);
	else if (signs->throttled > THROTTLED && behind)
		p->generator_why = run_printf(r, "the CPU quota of its own control group stopped it for %.0f %% of the "
		    "time", 100 * signs->throttled);
	else if (full && behind)
		p->generator_why = run_printf(r, "its busiest worker used %.0f %% of a core and waited "
		    "for one in %.0f %% of the time", 100 * p->generator_cpu, 100 * signs->waited);
	else if (behind && !signs->closed)
		p->generator_why = unseen(r, p, t);
	if (!p->generator_why)
		p->generator_why = late_why;
	p->generator_limited = p->generator_why != NULL;
	p->generator_late = late_why && p->generator_why == late_why;
}

static int64_t
most_frequent(const uint32_t *status)
{
	int64_t best = 0;

	for (int64_t s = 0; s < TALLY_STATUSES; s++)
		if (status[s] > status[best])
			best = s;
	return best;
}

static void
route_record(struct run *r, struct run_route *out, const char *path, const struct tally_route *t,
    double seconds)
{
	int64_t errors = 0, open = t->outcome[OUTCOME_TIMEOUT] + t->outcome[OUTCOME_IN_FLIGHT];

	for (int o = OUTCOME_CONNECT; o <= OUTCOME_EXPECT; o++)
		errors += t->outcome[o];
	int64_t answered = t->outcome[OUTCOME_ANSWERED], all = answered + errors + open;
	out->route = url_public(r->arena, path);
	out->requests = all;
	out->rate = (double)all / seconds;
	out->answered = answered;
	out->errors = errors;
	out->timeouts = t->outcome[OUTCOME_TIMEOUT];
	out->in_flight = t->outcome[OUTCOME_IN_FLIGHT];
	out->latency = latency_of(&t->latency, t->latency.count > answered);
	out->error_rate = all ? (double)(errors + t->outcome[OUTCOME_TIMEOUT]) / (double)all : NAN;
	out->body_bytes = answered ? (double)t->body_bytes / (double)answered : NAN;
	out->content_type = t->content_type[0] ? run_str(r, t->content_type) : NULL;
	out->content_encoding = t->content_encoding[0] ? run_str(r, t->content_encoding) : NULL;
	out->status = most_frequent(t->status);
}

static size_t
first_of_name(const struct program *p, size_t route)
{
	size_t i = 0;

	while (strcmp(p->routes[i].name, p->routes[route].name) != 0)
		i++;
	return i;
}

/* Steps of one name are one route to people. */
static void
named_record(const struct load *l, struct run *r, size_t route, const struct tally *t,
    double seconds)
{
	struct run_baseline *b = &r->baseline;
	struct tally_route all = { 0 };

	for (size_t i = route; i < l->program.n_routes; i++)
		if (first_of_name(&l->program, i) == route)
			tally_merge_route(&all, &t->routes[i]);
	route_record(r, RUN_ADD(r, route, b->routes, b->n_routes), l->program.routes[route].name, &all,
	    seconds);
	histogram_done(&all.latency);
}

void
phase_baseline(const struct load *l, struct run *r, const struct run_phase *p,
    const struct tally *t)
{
	struct run_baseline *b = &r->baseline;
	double sent = (double)p->sent;

	b->rate = p->rate;
	b->throughput = p->throughput;
	b->latency = p->latency;
	if (t->sent < p->sent) {        /* the front of the phase is left out */
		struct histogram latency = tally_latency(t);
		b->latency = latency_of(&latency, t->censored > 0);
		histogram_done(&latency);
	}
	b->error_rate = p->sent ? (double)p->errors / sent : NAN;
	b->timeout_rate = p->sent ? (double)p->timeouts / sent : NAN;
	b->n_routes = 0;
	for (size_t i = 0; i < l->program.n_routes; i++)
		if (first_of_name(&l->program, i) == i)
			named_record(l, r, i, t, p->seconds);
}
