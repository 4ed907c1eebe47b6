// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Work that a thread hands to a pool of the runtime: who handed it, by a stack now and then. */
#pragma once

#include "calls.h"

#define HANDED_PERIOD_NS 2000000   /* a thread's stacks are at least so far apart */

struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 1024); __type(key, __u32);
	__type(value, __u64); } handed SEC(".maps");

SEC("uprobe")
int pool_hand(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
	__u32 tid = (__u32)id;
	pay_trap();
	if (!enabled || !thread_of(tid))
		return 0;
	__u64 *last = bpf_map_lookup_elem(&handed, &tid);
	if (last && now - *last < HANDED_PERIOD_NS)
		return 0;
	if (bpf_get_prandom_u32() & 1)   /* else of several in a row only the first would ever be seen */
		return 0;
	bpf_map_update_elem(&handed, &tid, &now, BPF_ANY);
	struct ev_stack *e = EVENT(ev_stack, EV_STACK, now, tid, id >> 32, EV_NO_SYSCALL);
	if (!e)
		return 0;
	e->key = e->sock = e->weight = 0;
	e->unlock = EV_STACK_HANDED;
	fill_stack(e, ctx);
	EVENT_SEND(e);
	pay(now);
	return 0;
}
