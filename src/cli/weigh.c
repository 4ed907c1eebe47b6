/* SPDX-License-Identifier: MIT */
#include "cli/weigh.h"

#include "base/clock.h"
#include "trace/dear.h"

#define CONNECTIONS 4
#define PHASE_NS    (600 * NS_PER_MS)

static int
load_phase(struct load *load, const char *name, struct run *r, struct dear_phase *ret, struct err *e)
{
	struct load_step step = { .name = name, .closed = CONNECTIONS, .for_ns = PHASE_NS };
	struct run_phase *p;
	int code = load_run(load, &step, false, r, &p, e);

	if (code == 0)
		*ret = (struct dear_phase){ p->service_cpu * p->seconds, (double)p->answered };
	return code;
}

int
weigh_tracing(struct load *load, struct trace *trace, struct run *r, struct err *e)
{
	struct dear_phase phases[DEAR_PHASES];

	if (!trace_leave_dear(trace))
		return 0;
	int code = load_phase(load, "alone-1", r, &phases[0], e);
	if (code < 0 || (code = trace_rehearse_begin(trace, e)) < 0)
		return code;
	code = load_phase(load, "followed-1", r, &phases[1], e);
	if (code == 0)
		code = load_phase(load, "followed-2", r, &phases[2], e);
	trace_rehearse_end(trace);
	if (code == 0)
		code = load_phase(load, "alone-2", r, &phases[3], e);
	if (code == 0)
		r->evidence.trace.dear = dear_share(phases);
	return code;
}
