/* SPDX-License-Identifier: MIT */
/* One core is full, the others idle, and the service has no second thread for the work.
 *
 * Also an interpreter whose threads take turns on one lock: together they fill one core, also where others
 * keep the rest of the host busy. An event loop is told as cpu.event-loop instead. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define FULL_MIN       0.85
#define SECOND_MAX     0.50
#define CORES_MAX      1.3
#define SHARE_MIN      0.25
#define HOLDS_MIN      0.5     /* of the computing: a function that keeps the interpreter from others */
#define LOCK_MIN       0.15    /* of the time in front of an interpreter's lock */

/* Threads of one Python process together use one core and no more. */
static bool
interpreter_lock(const struct facts *f, double *ret_cpu)
{
	double sum = 0;
	size_t busy = 0;

	if (!f->busiest || !text_same(facts_runtime(f), "python"))
		return false;
	for (size_t i = 0; i < f->trace->n_threads; i++)
		if (f->trace->threads[i].pid == f->busiest->pid && f->trace->threads[i].cpu > 0.05) {
			sum += f->trace->threads[i].cpu;
			busy++;
		}
	*ret_cpu = sum;
	return busy >= 2 && sum >= FULL_MIN && sum <= 1.2;
}

/* Share of the time that requests wait for their turn in the interpreter, however many threads there
 * are. */
static double
interpreter_waits(const struct facts *f)
{
	return facts_share(f, PART_LOCK, "Python GIL");
}

static double
second_busiest(const struct facts *f)
{
	double second = 0;

	for (size_t i = 0; i < f->trace->n_threads; i++)
		if (&f->trace->threads[i] != f->busiest)
			second = fmax(second, f->trace->threads[i].cpu);
	return second;
}

/* Threads that take turns wait for the function that has most of them. */
static const char *
lock_place(const struct facts *f, int64_t pid)
{
	const struct hot *h = facts_hottest(f);
	bool clear = h && h->own >= HOLDS_MIN * f->charged[PART_CPU];

	return clear ? run_printf(f->run, "interpreter lock of pid %lld (held in %s)", (long long)pid, h->name)
	             : run_printf(f->run, "interpreter lock of pid %lld", (long long)pid);
}

static void
tell(const struct facts *f, struct draft *d, bool one_lock, double cpu)
{
	const struct run_thread *t = f->busiest;
	double spread = 1 - 1 / fmax(f->cores_allowed, 2), waits = interpreter_waits(f);
	struct run_finding *out = finding_add(d, fmax(f->charged[PART_CPU] * spread, waits), 0.85,
	    one_lock ? lock_place(f, t->pid)
	             : run_printf(f->run, "thread %s (%lld)", t->name ? t->name : "?",
	                   (long long)t->tid));

	if (waits >= LOCK_MIN)
		out->summary = run_printf(f->run, "threads take turns at the %s: requests wait %s of their time for it",
		    out->where, PCT(waits));
	else
		out->summary = run_printf(f->run, "%s fills one core while %.3g of %lld cores do nothing", out->where,
		    fmax(0, f->run->host.cpus * (1 - f->host_busy)), (long long)f->run->host.cpus);
	finding_evidence(d, "%s: %s of one core", out->where, PCT(cpu));
	if (waits > 0)
		finding_evidence(d, "requests wait %s of their time for the interpreter's lock", PCT(waits));
	finding_evidence(d, "the next busiest thread: %s", PCT(second_busiest(f)));
	finding_evidence(d, "CPU is %s of the requests' time after charging the queue",
	    PCT(f->charged[PART_CPU]));
	if (isfinite(f->host_busy))
		finding_evidence(d, "the host's CPUs are %s busy", PCT(f->host_busy));
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_thread *t = f->busiest;
	double cpu = t ? t->cpu : 0;
	bool waits = interpreter_waits(f) >= LOCK_MIN;
	bool one_lock = interpreter_lock(f, &cpu) || waits;

	if (waits && f->cores_used > cpu)
		cpu = f->cores_used;
	if (!t)
		rule_out(d, "no thread of the service was seen");
	else if (t == f->loop && !one_lock)
		rule_out(d, "the busiest thread is an event loop (%s on CPU): see cpu.event-loop",
		    PCT(cpu));
	else if (cpu < FULL_MIN && !waits)
		rule_out(d, "the busiest thread is on CPU %s of the time", PCT(cpu));
	else if (!one_lock && second_busiest(f) > SECOND_MAX)
		rule_out(d, "the work is spread: the second thread is on CPU %s of the time",
		    PCT(second_busiest(f)));
	else if (!(f->cores_allowed > 1) || f->cores_used > CORES_MAX || (f->host_busy > 0.95 && !waits))
		rule_out(d, "no core is left idle: the service uses %.2f cores, the host is %s busy",
		    f->cores_used, PCT(f->host_busy));
	else if (f->charged[PART_CPU] < SHARE_MIN && !waits)
		rule_out(d, "CPU is only %s of the requests' time", PCT(f->charged[PART_CPU]));
	else
		tell(f, d, one_lock, cpu);
}

const struct detector detect_single_thread = {
	.kind = "cpu.single-thread", .class = CLASS_CPU, .needs = NEEDS_CPU, .weight = WEIGHT_SHAPE,
	.detect = detect,
	.about = "one core is full while others idle",
};
