/* SPDX-License-Identifier: MIT */
/* The verdict on a suite of load tests, or on a search for the highest rate. Private to
 * diagnose/. */
#pragma once

#include "run/run.h"

/* Replace verdict and headline of a run that is one of the two; leave any other alone. The targets
 * must have been filled. */
void load_verdict(struct run *r);
