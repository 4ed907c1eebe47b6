/* SPDX-License-Identifier: MIT */
/* Raise the CPU quota to what the service wants.
 *
 * How much that is: what it used and what it was stopped for, and a third more, in steps of half
 * a core. The command works on both versions of cgroups; undo writes the old quota again. */
#include <math.h>
#include <string.h>

#include "plan/fix.h"
#include "plan/words.h"

static const struct run_process *
limited_process(const struct run *r)
{
	const struct run_process *best = NULL;

	for (size_t i = 0; i < r->system.n_processes; i++)
		if (r->system.processes[i].cpu_limit > 0
		    && (!best || r->system.processes[i].cpu_limit < best->cpu_limit))
			best = &r->system.processes[i];
	return best;
}

static double
stopped_per_second(const struct run *r)
{
	for (size_t i = 0; i < r->evidence.n_series; i++)
		if (r->evidence.series[i].name
		    && strcmp(r->evidence.series[i].name, "service_throttled_seconds_per_second") == 0
		    && isfinite(r->evidence.series[i].mean))
			return r->evidence.series[i].mean;
	return 0;
}

static double
wanted_cores(const struct run *r, double limit)
{
	double used = isfinite(r->baseline.cpu) ? r->baseline.cpu : limit;
	double wanted = ceil((used + stopped_per_second(r)) * 4 / 3 * 2) / 2;

	wanted = fmax(wanted, limit * 1.5);
	return r->host.cpus > 0 ? fmin(wanted, fmax(r->host.cpus, limit)) : wanted;
}

static const char *
command(struct run *r, const char *group, double cores)
{
	const char *v2 = words_shell(r, run_printf(r, "/sys/fs/cgroup%s/cpu.max", group));
	const char *v1 = words_shell(r, run_printf(r, "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", group));
	long long quota = llround(cores * 100000);

	return run_printf(r, "if [ -e %s ]; then echo '%lld 100000' > %s; else echo %lld > %s; fi", v2,
	    quota, v2, quota, v1);
}

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	const struct run_process *p = limited_process(r);

	if (!p || !p->cgroup || !isfinite(p->cpu_limit)) {
		s->what = "raise the CPU quota of the service";
		s->apply = "raise CPUQuota= of its unit, --cpus of its container or limits.cpu of its pod";
		s->undo = "set the old quota again";
		return;
	}
	double cores = wanted_cores(r, p->cpu_limit);
	s->what = run_printf(r, "raise the CPU quota from %.3g to %.3g cores", p->cpu_limit, cores);
	if (p->container) {
		const char *id = words_shell(r, p->container);
		s->apply = run_printf(r, "docker update --cpus %.3g %s", cores, id);
		s->undo = run_printf(r, "docker update --cpus %.3g %s", p->cpu_limit, id);
		return;
	}
	const char *slash = strcmp(p->cgroup, "/") == 0 ? "" : p->cgroup;
	s->apply = command(r, slash, cores);
	s->undo = command(r, slash, p->cpu_limit);
}

const struct fix fix_quota_raise = {
	.kind = "cpu.throttled", .action = "quota.raise", .gain_low = 0.6, .gain_high = 0.98,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "takes CPU from neighbours on the host and may cost money; the quota is the "
	    "default period of 100 ms",
};
