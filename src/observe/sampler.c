/* SPDX-License-Identifier: MIT */
/* The facade's half that samples: a thread that lets every collector look, four times a second.
 *
 * One lock guards everything; the thread holds it for the length of a pass. A collector whose
 * looking is dear (thousands of threads or files) looks less often, so that it never takes more
 * than about COST_SHARE of a core. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/collect.h"
#include "observe/neighbours.h"
#include "observe/observe.h"
#include "observe/peers.h"

#define INTERVAL_NS (250 * NS_PER_MS)
#define SCAN_NS (1 * NS_PER_S)          /* between searches for new processes */
#define COST_SHARE 50                   /* a pass of d ns is followed by 50 d of rest */
#define COLLECTORS_MAX 32

struct running {
	const struct collector *collector;
	void *state;
	int64_t due_ns;
};

struct observe {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;

	struct service service;
	uint16_t *ports;
	struct sink sink;
	struct neighbours neighbours;
	struct running running[COLLECTORS_MAX];
	size_t n_running;
	int64_t started_ns, last_pass_ns, last_scan_ns;

	bool marked;                    /* the window has begun, perhaps also ended */
	int64_t begin_ns, end_ns;
	double begin_cpu_s, end_cpu_s;

	int64_t asked_ns;               /* observe_service_cores */
	double asked_cpu_s;
};

static double
cpu_seconds(const struct observe *o)
{
	return o->service.cpu_s;
}

/* Read the service; lock held. */
static int64_t
read_service(struct observe *o)
{
	int64_t now = now_ns();
	bool scan = now - o->last_scan_ns >= SCAN_NS;

	if (scan)
		o->last_scan_ns = now;
	service_read(&o->service, scan);
	return now;
}

static void
collect(struct observe *o, struct running *c)
{
	int64_t begin = now_ns();
	if (begin < c->due_ns)
		return;
	c->collector->sample(c->state, &o->service, begin, &o->sink);
	c->due_ns = begin + (now_ns() - begin) * COST_SHARE;
}

/* Let all look; lock held. */
static void
pass(struct observe *o)
{
	int64_t now = read_service(o);

	o->last_pass_ns = now;
	o->sink.t_s = ns_to_s(now - o->started_ns);
	for (size_t i = 0; i < o->n_running; i++)
		collect(o, &o->running[i]);
}

static void *
work(void *argument)
{
	struct observe *o = argument;

	pthread_mutex_lock(&o->lock);
	while (!o->stop) {
		int64_t due = o->last_pass_ns + INTERVAL_NS;
		struct timespec t = { .tv_sec = due / NS_PER_S, .tv_nsec = due % NS_PER_S };
		if (now_ns() < due) {
			pthread_cond_timedwait(&o->wake, &o->lock, &t);
			continue;
		}
		pass(o);
		sink_tick(&o->sink);
	}
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

static void
take_ports(struct observe *o, const struct run *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->system.n_processes; i++)
		n += r->system.processes[i].n_ports;
	o->ports = collect_alloc((n + 1) * sizeof(*o->ports));
	o->service.ports = o->ports;
	for (size_t i = 0; i < r->system.n_processes; i++)
		for (size_t j = 0; j < r->system.processes[i].n_ports; j++)
			o->ports[o->service.n_ports++] = (uint16_t)r->system.processes[i].ports[j];
}

static void
open_service(struct observe *o, const struct run *r)
{
	for (size_t i = 0; i < r->system.n_processes; i++)
		tree_add(&o->service.tree, (int)r->system.processes[i].pid);
	/* Without a service the host is watched alone, from prony's own namespace. */
	o->sink.no_service = !o->service.tree.n;
	o->service.first = o->service.tree.n ? o->service.tree.members[0].pid : getpid();
	take_ports(o, r);
	read_service(o);
	o->service.cpu_s = o->service.user_s = o->service.system_s = 0;
}

static void
open_collectors(struct observe *o)
{
	for (size_t i = 0; i < n_collectors && o->n_running < COLLECTORS_MAX; i++) {
		void *state = collectors[i]->open(&o->service, &o->sink);
		if (state)
			o->running[o->n_running++] =
			    (struct running){ .collector = collectors[i], .state = state };
	}
}

static void
release(struct observe *o)
{
	for (size_t i = 0; i < o->n_running; i++)
		o->running[i].collector->close(o->running[i].state);
	sink_done(&o->sink);
	neighbours_done(&o->neighbours);
	tree_done(&o->service.tree);
	pthread_cond_destroy(&o->wake);
	pthread_mutex_destroy(&o->lock);
	free(o->ports);
	free(o);
}

int
observe_start(struct run *r, struct observe **ret, struct err *e)
{
	struct observe *o = collect_alloc(sizeof(*o));
	pthread_condattr_t monotonic;

	pthread_mutex_init(&o->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&o->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	o->started_ns = now_ns();
	open_service(o, r);
	open_collectors(o);
	pass(o);                /* rates count from here */
	o->asked_ns = o->last_pass_ns;
	int failed = pthread_create(&o->thread, NULL, work, o);
	if (failed) {
		release(o);
		return err_set(e, failed, "cannot start the sampling thread");
	}
	*ret = o;
	return 0;
}

double
observe_service_cores(void *observe)
{
	struct observe *o = observe;

	pthread_mutex_lock(&o->lock);
	int64_t now = read_service(o);
	double cpu_s = cpu_seconds(o), passed_s = ns_to_s(now - o->asked_ns);
	bool known = passed_s > 0 && o->service.tree.n;
	double cores = known ? (cpu_s - o->asked_cpu_s) / passed_s : NAN;
	o->asked_ns = now;
	o->asked_cpu_s = cpu_s;
	pthread_mutex_unlock(&o->lock);
	return cores;
}

static double
resident_pages(const struct proc_stat *p)
{
	return (double)p->rss_pages;
}

double
observe_service_rss(struct observe *o)
{
	pthread_mutex_lock(&o->lock);
	read_service(o);
	double pages = service_sum(&o->service, resident_pages);
	bool known = o->service.tree.n > 0;
	pthread_mutex_unlock(&o->lock);
	return known ? pages * (double)sysconf(_SC_PAGESIZE) : NAN;
}

void
observe_mark_begin(struct observe *o)
{
	pthread_mutex_lock(&o->lock);
	pass(o);                /* so that the window's first rates begin with it */
	sink_window(&o->sink);
	neighbours_begin(&o->neighbours);
	o->marked = true;
	o->begin_ns = o->last_pass_ns;
	o->begin_cpu_s = cpu_seconds(o);
	o->end_ns = 0;
	pthread_mutex_unlock(&o->lock);
}

/* Close the window; lock held. A last rate over less than half an interval would be noise. */
static void
end_window(struct observe *o)
{
	if (now_ns() - o->last_pass_ns >= INTERVAL_NS / 2)
		pass(o);
	o->end_ns = read_service(o);
	o->end_cpu_s = cpu_seconds(o);
	neighbours_end(&o->neighbours, &o->service.tree);
	o->sink.in_window = false;
}

void
observe_mark_end(struct observe *o)
{
	pthread_mutex_lock(&o->lock);
	if (o->marked && !o->end_ns)
		end_window(o);
	pthread_mutex_unlock(&o->lock);
}

/* The phase that the window was laid around: "trace", else the last one. */
static const struct run_phase *
measured_phase(const struct run *r)
{
	const struct run_phase *found = NULL;
	for (size_t i = 0; i < r->evidence.n_phases; i++) {
		const struct run_phase *p = &r->evidence.phases[i];
		if (!found || strcmp(found->name, "trace") != 0)
			found = p;
	}
	return found;
}

static double
sum_known(double a, double b)
{
	return isnan(a) ? b : isnan(b) ? a : a + b;
}

static void
fill_baseline(const struct observe *o, struct run *r)
{
	const struct run_phase *phase = measured_phase(r);
	double passed_s = ns_to_s(o->end_ns - o->begin_ns);
	struct run_baseline *b = &r->baseline;

	if (!o->sink.no_service && passed_s > 0)
		b->cpu = (o->end_cpu_s - o->begin_cpu_s) / passed_s;
	b->rss_bytes = sink_mean(&o->sink, "service_rss_bytes");
	b->io_wait = sink_mean(&o->sink, "host_iowait_ratio");
	b->net_bytes_per_s = sum_known(sink_mean(&o->sink, "host_net_bytes_per_second"),
	    sink_mean(&o->sink, "host_loopback_bytes_per_second"));
	if (phase && phase->throughput > 0)
		b->cpu_per_request = b->cpu / phase->throughput;
	r->host.steal = sink_mean(&o->sink, "host_cpu_steal_ratio");
}

void
observe_stop(struct observe *o, struct run *r)
{
	pthread_mutex_lock(&o->lock);
	o->stop = true;
	pthread_cond_signal(&o->wake);
	pthread_mutex_unlock(&o->lock);
	pthread_join(o->thread, NULL);

	if (!o->marked) {
		o->begin_ns = o->started_ns;
		o->begin_cpu_s = 0;
	}
	if (!o->end_ns)
		end_window(o);
	sink_write(&o->sink, r);
	peers_of_calls(r);
	neighbours_write(&o->neighbours, r);
	fill_baseline(o, r);
	release(o);
}
