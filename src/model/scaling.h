/* SPDX-License-Identifier: MIT */
/* What the points of a capacity curve say of other loads: throughput as a function of concurrency. */
#pragma once

#include "run/run.h"

/* Fit the Universal Scalability Law (stats/usl.h) to the steady points of r->capacity.curve and to the
 * closed-loop phases but the warm-up. Open-loop points become concurrencies by Little's law: N =
 * throughput x mean time in the service. Left out are points that fell behind their rate, that had
 * more than a hundredth of errors and timeouts, and that the generator limited. Fills
 * r->capacity.usl, or says in .usl_why what there is not and why; writes the concurrency and the
 * modelled throughput of each point that was used. A run without a curve is left as it is. Pure. */
void scaling(struct run *r);
