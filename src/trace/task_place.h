/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Where the collector finds the frames of a CPython thread; shared by kernel and user space. */
#pragma once

#include <linux/types.h>

struct python_place {
	__u64 thread;          /* PyThreadState of the thread */
	__u64 tid;             /* the thread's id as the interpreter knows it */
	__u16 native_tid, cframe, frame;       /* offsets, as in python.c; cframe 0: none */
	__u16 previous, owner, code, instruction, pad;
};

/* A frame as it stands in the interpreter's memory. */
struct python_raw { __u64 code, instruction, owner; };
