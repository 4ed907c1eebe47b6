/* SPDX-License-Identifier: MIT */
#include "load/load_phase.h"

#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "load/throttle.h"

static void
record_interval(const struct phase *p, struct run_latency *out)
{
	struct interval i = bootstrap_quantile(p->latency, 0.99, p->l->spec->seed);

	if (out->censored || !(i.low <= 1e9 * out->p99 && 1e9 * out->p99 <= i.high))
		return;
	out->p99_low = i.low / 1e9;
	out->p99_high = i.high / 1e9;
}

/* What only the workers elsewhere know of themselves. Returns their window. */
static int64_t
record_crew(const struct phase *p, struct run_phase *out)
{
	const struct load_crew_end *end = &p->crew;

	out->unsent = end->unsent;
	out->first_error = end->first_error ? run_str(p->run, end->first_error) : NULL;
	out->engine = end->engine ? run_str(p->run, end->engine) : "none";
	out->tick = ns_to_s(end->tick_ns);
	out->generator_cpu = end->cpu;
	return end->window_ns;
}

struct run_phase *
phase_write(struct phase *p)
{
	struct run *r = p->run;
	struct run_phase *out = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
	int64_t window = 0;

	for (uint32_t i = 0; i < p->active; i++) {
		const struct worker *w = &p->l->workers[i];
		out->unsent += w->unsent;
		window = w->window_ns > window ? w->window_ns : window;
		if (w->first_error[0] && !out->first_error)
			out->first_error = run_str(r, w->first_error);
		out->engine = w->ops->name;
	}
	out->tick = ns_to_s(p->task.tick_ns);
	if (p->step->crew)
		window = record_crew(p, out);
	for (uint32_t i = 0; i < p->active; i++)
		if (window)
			out->generator_cpu = fmax(isnan(out->generator_cpu) ? 0 : out->generator_cpu,
			    (double)p->l->workers[i].cpu_ns / (double)window);
	out->name = run_str(r, p->step->name);
	out->started = ns_to_s(p->task.start_ns - p->l->opened_ns);
	out->seconds = ns_to_s(window);
	out->service_cpu = p->service_cpu;
	phase_record(out, p->total);
	if (p->task.closed)
		out->scheduled = out->sent;
	out->rate = p->task.closed || p->step->at_most || p->step->schedule
	    ? (double)out->scheduled / out->seconds : p->step->rate;
	/* What came in the drain is answered, but not in the window that the rate speaks of. */
	out->throughput = ((double)out->answered - p->closed[p->n_seconds - 1].answered) / out->seconds;
	phase_write_seconds(p, out, window);
	record_interval(p, &out->latency);
	return out;
}

static double
tightest_latency(const struct spec *s)
{
	double tightest = INFINITY;

	for (size_t i = 0; i < s->n_targets; i++)
		if (target_is_latency(s->targets[i].metric))
			tightest = fmin(tightest, s->targets[i].limit);
	return isfinite(tightest) ? tightest : 0;
}

struct phase_signs
phase_signs_of(const struct phase *p)
{
	struct phase_signs s = { .closed = p->task.closed };

	for (uint32_t i = 0; i < p->active; i++) {
		const struct worker *w = &p->l->workers[i];
		if (w->out_of)
			s.out_of = w->out_of;
		if (w->window_ns)
			s.waited = fmax(s.waited, (double)w->waited_ns / (double)w->window_ns);
	}
	double window_ns = (double)p->task.for_ns * fmax(p->active, 1);
	s.throttled = fmin(1, (double)(throttle_own_ns() - p->throttled_ns) / window_ns);
	double machine_ns = (double)p->task.for_ns * (double)sysconf(_SC_NPROCESSORS_ONLN);
	s.stolen = fmin(1, (double)(stolen_ns() - p->stolen_ns) / machine_ns);
	s.promised_s = tightest_latency(p->l->spec);
	return s;
}
