// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Which coroutine or goroutine makes a call, where one thread serves many.
 *
 * CPython: the frame of the task's first coroutine, that is the outermost of the frames that live
 * in a generator, is the same from the task's first step to its last. Frames are followed from the
 * thread's state, whose place user space has found (python.h); offsets come with it. A plain
 * generator is no task: synchronous programs have such frames too.
 * Go: the goroutine is what the thread-local word in front of the thread pointer points to
 * (runtime/tls_amd64.s). */
#pragma once

#include "state.h"
#include "../task_place.h"

#define TASK_FRAMES_MAX 40
#define FRAME_OF_GENERATOR 1   /* _PyInterpreterFrame.owner */
#define CODE_FLAGS 48          /* PyCodeObject.co_flags, since 3.11 */
#define CODE_IS_COROUTINE 0x380 /* CO_COROUTINE, CO_ITERABLE_COROUTINE, CO_ASYNC_GENERATOR */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct thread_struct { unsigned long fsbase; };
struct task_struct___registers { struct thread_struct thread; };
#pragma clang attribute pop

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4096); __type(key, __u32);
	__type(value, struct python_place); } python_threads SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1024); __type(key, __u32);
	__type(value, __u8); } go_processes SEC(".maps");

static __always_inline __u64
user_word(__u64 address)
{
	__u64 value = 0;
	bpf_probe_read_user(&value, sizeof(value), (void *)address);
	return value;
}

static __always_inline __u64
innermost_frame(const struct python_place *p)
{
	__u64 at = p->thread;
	if (user_word(at + p->native_tid) != p->tid)
		return 0;              /* the thread is gone, and its memory has other uses */
	if (p->cframe)
		at = user_word(at + p->cframe);
	return user_word(at + p->frame);
}

static __always_inline __u8
owner_of(const struct python_place *p, __u64 frame)
{
	__u8 owner = 0;
	bpf_probe_read_user(&owner, 1, (void *)(frame + p->owner));
	return owner;
}

static __always_inline __u64
coroutine(const struct python_place *p)
{
	__u64 frame = innermost_frame(p), root = 0;
	for (int i = 0; i < TASK_FRAMES_MAX && frame; i++) {
		if (owner_of(p, frame) == FRAME_OF_GENERATOR &&
		    user_word(user_word(frame + p->code) + CODE_FLAGS) & CODE_IS_COROUTINE)
			root = frame;
		frame = user_word(frame + p->previous);
	}
	return root;
}

static __always_inline void
python_frames(const struct python_place *p, struct ev_stack *e)
{
	__u64 frame = innermost_frame(p);
	int n;
	for (n = 0; n < EV_PYTHON_FRAMES && frame; n++) {
		e->python[n].code = user_word(frame + p->code);
		e->python[n].instruction = user_word(frame + p->instruction);
		e->python[n].owner = owner_of(p, frame);
		frame = user_word(frame + p->previous);
	}
	e->n_python = n;
	e->python_ends = !frame;
}

static __always_inline __u64
goroutine(void)
{
	struct task_struct___registers *task = (void *)bpf_get_current_task();
	unsigned long base = BPF_CORE_READ(task, thread.fsbase);
	__u64 g = base ? user_word(base - 8) : 0;
	return g ? g | 1 : 0;
}

static __always_inline __u64
running_task(__u32 tid, __u32 pid)
{
	struct python_place *place = bpf_map_lookup_elem(&python_threads, &tid);
	if (place)
		return coroutine(place);
	return bpf_map_lookup_elem(&go_processes, &pid) ? goroutine() : 0;
}
