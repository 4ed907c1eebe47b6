/* SPDX-License-Identifier: MIT */
/* Locks that are waited for by computing: the waiting is CPU time of a function. Private to diagnose/. */
#pragma once

#include "diagnose/detect.h"

/* Adds a finding when such waiting has much of the time. */
void spin_tell(const struct facts *f, struct draft *d);
