/* SPDX-License-Identifier: MIT */
/* The verdict: first whether anything may be concluded at all, then whether the promises hold.
 * Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

/* Why no limit may be named from this run, for people; NULL: it may. Sets r->verdict to what the
 * refusal is, or to VERDICT_NONE. */
const char *verdict_refusal(const struct facts *f);

/* After the findings: verdict, headline and healthy. `refusal` as above. */
void verdict_decide(const struct facts *f, const char *refusal);
