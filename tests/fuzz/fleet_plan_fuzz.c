/* SPDX-License-Identifier: MIT */
/* Any bytes as the plan of a leader, and as the URL of the place to meet. */
#include <stdlib.h>
#include <string.h>

#include "fleet/fleet_plan.h"
#include "fleet/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fleet_plan plan = { 0 };
	struct spec *s = spec_new();
	struct err e = { 0 };
	struct meeting m;

	buf_append(&plan.json, data, size);
	if (size < 4096 && !memchr(buf_text(&plan.json), '\0', size) &&
	    meeting_parse(buf_text(&plan.json), &m, &e) < 0 && !e.text[0])
		abort();
	e = (struct err){ 0 };
	if (fleet_plan_read(&plan, "/nonexistent", s, &e) < 0 ? !e.text[0] : s->workers < 1)
		abort();
	spec_free(s);
	fleet_plan_done(&plan);
	return 0;
}
