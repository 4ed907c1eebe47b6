/* SPDX-License-Identifier: MIT */
/* Other processes of the host have the CPUs that requests wait for.
 *
 * Must also hold: the host's CPUs are full, and those others are not the service's own peers, which may
 * compute for it. What comes back is the part of the waiting that is theirs. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/text.h"

#define HOST_FULL   0.85
#define OTHERS_MIN  0.20   /* of the host's CPUs */
#define SHARE_MIN   0.20

static double
cpu_of_others(const struct run_system *s, const struct run_neighbour **ret_most)
{
	double sum = 0;

	*ret_most = NULL;
	for (size_t i = 0; i < s->n_neighbours; i++) {
		const struct run_neighbour *n = &s->neighbours[i];
		if (n->peer || !(n->cpu > 0))
			continue;
		sum += n->cpu;
		if (!*ret_most || n->cpu > (*ret_most)->cpu)
			*ret_most = n;
	}
	return sum;
}

static void
tell(const struct facts *f, struct draft *d, const struct run_neighbour *most, double others, double share)
{
	double cpus = (double)f->run->host.cpus;
	struct run_finding *out = finding_add(d, share, 0.9, run_printf(f->run, "%s (%lld process%s)",
	    most->name, (long long)most->processes, most->processes == 1 ? "" : "es"));

	out->summary = run_printf(f->run, "requests wait %s of their time for CPUs that others of the host "
	    "use, most of it %s", PCT(share), most->name);
	finding_evidence(d, "%s used %.2f cores, others than the service %.2f of the host's %.3g", most->name,
	    most->cpu, others, cpus);
	finding_evidence(d, "requests wait %s of their time for a CPU; the host's are %s busy",
	    PCT(f->charged[PART_RUNQUEUE]), PCT(f->host_busy));
	if (isfinite(f->cores_used))
		finding_evidence(d, "the service itself uses %.2f cores", f->cores_used);
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_neighbour *most;
	double others = cpu_of_others(&f->run->system, &most), cpus = (double)f->run->host.cpus;
	double all = others + (f->cores_used > 0 ? f->cores_used : 0);
	double share = all > 0 ? f->charged[PART_RUNQUEUE] * others / all : 0;

	if (!most || others < OTHERS_MIN * cpus)
		rule_out(d, "other processes used %.2f of the host's %.3g CPUs", others, cpus);
	else if (!(f->host_busy >= HOST_FULL))
		rule_out(d, "other processes used %.2f cores, but the host's CPUs are %s busy", others,
		    PCT(f->host_busy));
	else if (isfinite(f->cpu_limit) && f->utilisation > HOST_FULL)
		rule_out(d, "the service has used up its own CPU quota");
	else if (share < SHARE_MIN)
		rule_out(d, "other processes used %.2f cores, but requests wait only %s of their time for a CPU",
		    others, PCT(f->charged[PART_RUNQUEUE]));
	else
		tell(f, d, most, others, share);
}

const struct detector detect_contended_host = {
	.kind = "cpu.contended-host", .class = CLASS_CPU, .weight = 1.3 * WEIGHT_CAUSE, .detect = detect,
	.about = "other processes of the host use the CPUs",
};
