// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Garbage collections: probes where a runtime begins and ends one. On the thread that asked for
 * memory everything else stands meanwhile. */
#pragma once

#include "statements.h"

struct collection { __u64 start, full; };

struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 4096); __type(key, __u32);
	__type(value, struct collection); } collections SEC(".maps");

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 256); __type(key, __u32);
	__type(value, struct ev_kept); } kept SEC(".maps");

#define KEPT_APART_NS 250000000ull   /* of collections that follow each other more closely the last counts */

const struct ev_kept nothing_kept = { 0 };

static __always_inline void
collection_begin(__u64 full)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct collection c = { .start = bpf_ktime_get_ns(), .full = full };
	if (full || (enabled && thread_of(tid)))
		bpf_map_update_elem(&collections, &tid, &c, BPF_ANY);
}

static __always_inline void
collection_end(void)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = (__u32)id;
	struct collection *c = bpf_map_lookup_elem(&collections, &tid);
	if (!c)
		return;
	struct ev_gc *e = enabled ? EVENT(ev_gc, EV_GC, bpf_ktime_get_ns(), tid, id >> 32, 0) : 0;
	if (e) {
		e->start = c->start;
		e->full = c->full;
		EVENT_SEND(e);
	}
	bpf_map_delete_elem(&collections, &tid);
}

/* A function that collects: its entry and its return. Of V8 the first argument after the heap says which
 * collector runs: 1 marks all of the heap. */
SEC("uprobe")
int gc_enter(struct pt_regs *ctx)
{
	keep_return(ctx);              /* between windows too */
	collection_begin((__u32)ctx->si == 1);
	return 0;
}

SEC("uretprobe")
int gc_return(struct pt_regs *ctx)
{
	collection_end();
	return 0;
}

/* V8 asks how far the heap may grow now: the second argument is what is in it, after a collection of all of it what
 * was left. Between windows too: growth is seen over minutes. Worker threads have heaps of their own. */
SEC("uprobe")
int gc_kept(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns(), last;
	__u32 tid = (__u32)id, pid = id >> 32;
	struct collection *c = bpf_map_lookup_elem(&collections, &tid);
	if (!c || !c->full || tid != pid)
		return 0;
	if (!bpf_map_lookup_elem(&kept, &pid))
		bpf_map_update_elem(&kept, &pid, &nothing_kept, BPF_NOEXIST);
	struct ev_kept *k = bpf_map_lookup_elem(&kept, &pid);
	if (!k)
		return 0;
	last = (k->n - 1) % EV_KEPT_POINTS;
	if (!k->n || now - k->points[last].at >= KEPT_APART_NS)
		last = k->n++ % EV_KEPT_POINTS;
	k->points[last].at = now;
	k->points[last].bytes = ctx->si;
	return 0;
}

/* Two marks inside of a function. */
SEC("uprobe")
int gc_start_mark(struct pt_regs *ctx)
{
	collection_begin(0);
	return 0;
}

SEC("uprobe")
int gc_done_mark(struct pt_regs *ctx)
{
	collection_end();
	return 0;
}
