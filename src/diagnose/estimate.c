/* SPDX-License-Identifier: MIT */
/* Where time goes where no request was traced: by how many threads, and connections, were seen at what. */
#include "diagnose/facts.h"

#include <math.h>
#include <string.h>

#include "diagnose/charge.h"
#include "diagnose/peers.h"
#include "diagnose/talks.h"
#include "diagnose/text.h"

#define BUSY             0.7    /* of the CPU that it may use, or of one thread */
#define COLLECTING_MAX   0.95   /* of the time: something was done beside it */

static double
known(double v)
{
	return isfinite(v) ? v : 0;
}

static const struct run_eye *
eye_named(const struct run *r, const char *name)
{
	for (size_t i = 0; i < r->n_eyes; i++)
		if (text_same(r->eyes[i].name, name))
			return &r->eyes[i];
	return NULL;
}

/* The part of the CPU time that samples are of: those of an ordinary user are of user space alone. */
static double
sampled(const struct facts *f)
{
	double user = facts_mean(f, "service_cpu_user_cores"), system = facts_mean(f, "service_cpu_system_cores");
	bool kernel = !text_same(f->trace->mode, "perf") || eye_named(f->run, "kernel functions");

	return kernel || !(user + system > 0) ? 1 : user / (user + system);
}

/* CPU time as the samples of functions split it. */
static void
mix_functions(const struct facts *f, struct mix *m, double share)
{
	const struct run_trace *t = f->trace;
	double part = t->n_functions ? sampled(f) : 0;

	for (size_t i = 0; i < t->n_functions; i++)
		mix_add(m, PART_CPU, t->functions[i].name, share * part * t->functions[i].self);
	mix_add(m, PART_CPU, NULL, share * (1 - part));
}

static bool
is_of_server(const struct run_query *q, const char *server)
{
	size_t n = server ? strlen(server) : 0;

	return n && q->database && !strncmp(q->database, server, n) && q->database[n] == '/';
}

/* What waits for a database by the statements that it says to have carried out meanwhile. */
static void
mix_database(struct mix *m, const struct run_trace *t, const char *server, double share)
{
	double all = 0;

	for (size_t i = 0; i < t->n_queries; i++)
		all += is_of_server(&t->queries[i], server) ? known(t->queries[i].seconds) : 0;
	for (size_t i = 0; i < t->n_queries && all > 0; i++)
		if (is_of_server(&t->queries[i], server))
			mix_add(m, PART_DB, t->queries[i].fingerprint, share * known(t->queries[i].seconds) / all);
	if (!(all > 0))
		mix_add(m, PART_DB, server, share);
}

/* Share of the time in which a collector held the service up; ret_cpu: cores that its own threads used. */
static double
collecting(const struct facts *f, double *ret_cpu)
{
	static const char *const collectors[] = { "GC Thread", "G1 ", "VM Thread", "ParGC", "ZWorker", "Shenandoah" };
	double most = 0;

	*ret_cpu = 0;
	for (size_t i = 0; f->trace->seconds > 0 && i < f->trace->n_gc; i++)
		most = fmax(most, known(f->trace->gc[i].seconds) / f->trace->seconds);
	for (size_t i = 0; most > 0 && i < f->trace->n_threads; i++)
		for (size_t k = 0; k < sizeof(collectors) / sizeof(collectors[0]); k++)
			if (text_has(f->trace->threads[i].name, collectors[k]))
				*ret_cpu += known(f->trace->threads[i].cpu);
	return fmin(most, COLLECTING_MAX);
}

/* What threads were seen at for requests, without what a collector had it do: it computes for all, and who has to stand
 * still for it looks as if at a lock. */
static double
at_requests(const struct facts *f, const struct run_state *s, double gc, double gc_cpu, double inside)
{
	const struct run_call *c = s->kind == PART_NET || s->kind == PART_DB || s->kind == PART_CACHE ?
	    peer_call(f, s->where) : NULL;
	if (c && talks_background(f, c))
		return 0;
	double less = s->kind == PART_CPU ? gc_cpu : s->kind == PART_LOCK ? gc * inside : 0;

	return fmax(known(s->threads) - less, 0);
}

/* All connections to a peer are taken by what takes long: who waits for one waits for that. */
static bool
connections_are_taken(const struct facts *f)
{
	const struct run_call *c = talks_taken(f, PART_NONE);

	return c && (!talks_brief(c) || peer_part_at(f->run, PART_NET, c->peer) == PART_NET);
}

/* Threads seen at something, per request in the service: by Little's law each request's time there.
 * What is missing waits where no thread is: for a loop that is full; for a worker, or a connection, when all are
 * taken, and so for what they do; else on an event loop, for something that was not seen. */
static bool
mix_states(struct facts *f, struct mix *m)
{
	const struct run_trace *t = f->trace;
	double inside = f->phase ? f->phase->throughput * f->phase->service.mean : NAN, seen = 0;
	bool taken = f->blocked_workers || f->utilisation > BUSY || (f->busiest && f->busiest->cpu > BUSY)
	    || connections_are_taken(f);

	double gc_cpu, gc = collecting(f, &gc_cpu);
	for (size_t i = 0; i < t->n_states; i++)
		seen += at_requests(f, &t->states[i], gc, gc_cpu, inside);
	if (seen <= 0 || !(inside > 0))
		return false;
	double queued = facts_loop_full(f) ? fmax(inside - seen, 0) : 0;   /* for what it computes */
	double of = (taken ? seen + queued : fmax(seen, inside)) / (1 - gc);
	mix_add(m, PART_GC, NULL, gc);
	for (size_t i = 0; i < t->n_states; i++) {
		const struct run_state *s = &t->states[i];
		double share = (at_requests(f, s, gc, gc_cpu, inside) + (s->kind == PART_CPU ? queued : 0)) / of;
		enum run_part_kind kind = peer_part_at(f->run, s->kind, s->where);
		if (kind == PART_CPU)
			mix_functions(f, m, share);
		else if (kind == PART_DB)
			mix_database(m, t, s->where, share);
		else
			mix_add(m, kind, s->where, share);
		f->waits_sampled |= s->kind != PART_CPU && s->kind != PART_RUNQUEUE;
	}
	/* Where nothing waited, that waits would have been seen is what counts. */
	const struct run_eye *waits = eye_named(f->run, "waits");
	f->waits_sampled |= waits && waits->open;
	return true;
}

/* Without waits either, the load tells how much of the answer time is CPU: all of it when the CPUs are
 * full, else CPU per request over latency. */
static bool
mix_cpu(const struct facts *f, struct mix *m)
{
	const struct run_baseline *b = &f->run->baseline;
	double cpu = b->cpu_per_request / b->latency.mean;

	if (f->utilisation > BUSY)
		cpu = f->utilisation;
	else if (f->busiest && f->busiest->cpu > BUSY)
		cpu = f->busiest->cpu;
	if (cpu > 0)
		mix_functions(f, m, fmin(cpu, 1));
	return cpu > 0;
}

static void
sum_kinds(struct facts *f)
{
	for (size_t i = 0; i < f->n_parts; i++)
		f->charged[f->parts[i].kind] += f->parts[i].share;
	memcpy(f->raw, f->charged, sizeof(f->raw));
}

void
facts_estimate(struct facts *f)
{
	const struct run_baseline *b = &f->run->baseline;
	struct mix m = { .run = f->run };

	if (f->scope || (!mix_states(f, &m) && !mix_cpu(f, &m)))
		return;
	mix_seal(&m, known(b->latency.mean));
	f->parts = m.parts;
	f->n_parts = m.n;
	f->estimated = true;
	f->requests = f->phase ? f->phase->answered : 0;
	f->seconds = known(b->latency.mean);
	sum_kinds(f);
}
