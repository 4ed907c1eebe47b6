/* SPDX-License-Identifier: MIT */
/* Disk time, split into waiting for data to be written and the rest. Private to diagnose/. */
#pragma once

#include "diagnose/detect.h"

/* Share of disk time that is (or is not) a wait for data to be written, with the lock waits behind
 * it; ret_top: the largest part of it, unchanged when none. */
double disk_share(const struct facts *f, bool sync, const struct run_part **ret_top);
/* Pressure and device figures of the host. */
void disk_evidence(struct draft *d);
