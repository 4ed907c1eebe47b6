/* SPDX-License-Identifier: MIT */
/* dear: what it costs requests to be followed, from four phases of one load: alone, followed, followed,
 * alone. A host that gets slower or faster all the while adds as much to both; what even that does not
 * explain is the noise that a cost has to stand out from. Pure. */
#pragma once

enum { DEAR_PHASES = 4 };

struct dear_phase { double cpu_s, answered; };   /* CPU seconds of the service; NAN: not known */

/* Share of CPU that a request takes more while it is followed; NAN: next to nothing, or not to be told. */
double dear_share(const struct dear_phase phases[DEAR_PHASES]);
