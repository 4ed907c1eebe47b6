/* SPDX-License-Identifier: MIT */
#include "observe/service.h"

#include <time.h>
#include <unistd.h>

static double
user_ticks(const struct proc_stat *p)
{
	return (double)(p->user_ticks + p->child_user_ticks);
}

static double
system_ticks(const struct proc_stat *p)
{
	return (double)(p->system_ticks + p->child_system_ticks);
}

double
service_sum(const struct service *s, double (*of)(const struct proc_stat *p))
{
	double sum = 0;
	for (size_t i = 0; i < s->tree.n; i++)
		sum += of(&s->tree.members[i]);
	return sum;
}

/* A child's time moves to its parent when it is waited for, so the sum stays; it falls only when
 * nobody waited. What is lost then is not taken back from the total. */
static void
advance(double *total, double *raw, double now)
{
	if (now > *raw)
		*total += now - *raw;
	*raw = now;
}

/* Ended threads included; ticks where the kernel does not let us read its clock. */
static double
process_cpu_s(const struct proc_stat *p, double tick_s)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(p->pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return (double)(p->user_ticks + p->system_ticks) * tick_s;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
tree_cpu_s(const struct service *s, double tick_s)
{
	double sum = 0;

	for (size_t i = 0; i < s->tree.n; i++) {
		const struct proc_stat *p = &s->tree.members[i];
		sum += process_cpu_s(p, tick_s) +
		    (double)(p->child_user_ticks + p->child_system_ticks) * tick_s;
	}
	return sum;
}

void
service_read(struct service *s, bool scan)
{
	double tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK);

	if (scan)
		tree_scan(&s->tree);
	tree_read(&s->tree);
	advance(&s->cpu_s, &s->raw_cpu_s, tree_cpu_s(s, tick_s));
	advance(&s->user_s, &s->raw_user_s, service_sum(s, user_ticks) * tick_s);
	advance(&s->system_s, &s->raw_system_s, service_sum(s, system_ticks) * tick_s);
}
