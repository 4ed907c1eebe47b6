/* SPDX-License-Identifier: MIT */
#include "trace/proc_python.h"

#include <stdlib.h>

#include "base/map.h"
#include "trace/python.h"

struct proc_python {
	struct intake *in;
	struct map by_pid;         /* -> struct python *, 0 where none can be read */
	int64_t taken;
	struct python_frame frames[PYTHON_FRAMES_MAX];
};

struct proc_python *
proc_python_new(struct intake *in)
{
	struct proc_python *p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	p->in = in;
	return p;
}

void
proc_python_free(struct proc_python *p)
{
	size_t at = 0;

	if (!p)
		return;
	for (const struct map_slot *slot; (slot = map_next(&p->by_pid, &at));)
		python_close((struct python *)(uintptr_t)slot->value);
	map_done(&p->by_pid);
	free(p);
}

static struct python *
python_of(struct proc_python *p, int pid)
{
	bool new;
	uint64_t *at = map_at(&p->by_pid, &pid, sizeof(pid), &new);
	struct python *python = NULL;
	struct err ignored = { 0 };

	if (new)
		*at = python_open(pid, &python, &ignored) == 0 ? (uint64_t)(uintptr_t)python : 0;
	return (struct python *)(uintptr_t)*at;
}

void
proc_python_look(struct proc_python *p, int pid, int tid, int64_t now)
{
	struct python *python = python_of(p, pid);
	size_t n = python ? python_stack(python, tid, p->frames, PYTHON_FRAMES_MAX) : 0;

	if (!n && !p->taken)       /* nothing of this service can be read, as it seems */
		return;
	p->taken += n > 0;
	intake_sample(p->in, &(struct sampler_sample){ .time_ns = now, .pid = pid, .tid = tid, .script = p->frames,
	    .n_script = n, .rooted = n > 0 });
}

int64_t
proc_python_taken(const struct proc_python *p)
{
	return p->taken;
}
