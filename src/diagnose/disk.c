/* SPDX-License-Identifier: MIT */
#include "diagnose/disk.h"

#include <math.h>
#include <string.h>

#include "diagnose/charge.h"
#include "diagnose/text.h"

/* The place is a call and its file. A write waits for the disk only when it has to be durable at
 * once (O_SYNC, O_DIRECT) or when too much unwritten data has piled up: the cure is the same. */
static bool
is_sync(const char *where)
{
	static const char *const calls[] = { "fsync", "fdatasync", "msync", "sync", "write", "pwrite",
		NULL };

	for (size_t i = 0; where && calls[i]; i++)
		if (strncmp(where, calls[i], strlen(calls[i])) == 0)
			return true;
	return false;
}

double
disk_share(const struct facts *f, bool sync, const struct run_part **ret_top)
{
	double sum = 0, most = 0;

	for (size_t i = 0; i < f->n_parts; i++) {
		const struct run_part *p = &f->parts[i];
		if (p->kind == PART_DISK && is_sync(p->where) == sync) {
			sum += p->share;
			if (p->share > most) {
				most = p->share;
				*ret_top = p;
			}
		}
		if (p->kind != PART_LOCK)
			continue;
		const struct run_wait *w = charge_wait(f->run, PART_LOCK, p->where);
		for (size_t k = 0; w && k < w->n_holder; k++) {
			const struct run_part *h = &w->holder[k];
			if (h->kind != PART_DISK || is_sync(h->where) != sync || !(h->share > 0))
				continue;
			sum += p->share * fmin(h->share, 1);
			if (p->share * h->share > most) {
				most = p->share * h->share;
				*ret_top = h;
			}
		}
	}
	return fmin(sum, 1);
}

void
disk_evidence(struct draft *d)
{
	double pressure = facts_mean(d->f, "host_psi_io_ratio");

	if (isfinite(pressure))
		finding_evidence(d, "tasks of the host stall on I/O %s of the time", PCT(pressure));
	if (isfinite(d->f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use",
		    PCT(d->f->utilisation));
}
