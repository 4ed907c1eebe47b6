// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Garbage collections: probes where a runtime begins and ends one. On the thread that asked for
 * memory everything else stands meanwhile. */
#pragma once

#include "statements.h"

struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 4096); __type(key, __u32);
	__type(value, __u64); } collections SEC(".maps");

static __always_inline void
collection_begin(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 now = bpf_ktime_get_ns();
	if (enabled && thread_of(tid))
		bpf_map_update_elem(&collections, &tid, &now, BPF_ANY);
}

static __always_inline void
collection_end(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)id;
	__u64 *start = bpf_map_lookup_elem(&collections, &tid);
	if (!start)
		return;
	struct ev_gc *e = enabled ? EVENT(ev_gc, EV_GC, bpf_ktime_get_ns(), tid, id >> 32, 0) : 0;
	if (e) {
		e->start = *start;
		EVENT_SEND(e);
	}
	bpf_map_delete_elem(&collections, &tid);
}

/* A function that collects: its entry and its return. */
SEC("uprobe")
int gc_enter(struct pt_regs *ctx)
{
	if (enabled)
		keep_return(ctx);
	collection_begin();
	return 0;
}

SEC("uretprobe")
int gc_return(struct pt_regs *ctx)
{
	collection_end();
	return 0;
}

/* Two marks inside of a function. */
SEC("uprobe")
int gc_start_mark(struct pt_regs *ctx)
{
	collection_begin();
	return 0;
}

SEC("uprobe")
int gc_done_mark(struct pt_regs *ctx)
{
	collection_end();
	return 0;
}
