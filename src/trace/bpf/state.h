// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* What the parts of the collector share: what is remembered of threads, connections and executions,
 * and how an event is sent. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel.h"
#include "../event.h"
#include <asm/unistd.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>

#define SYSCALLS 512

struct thread {
	__u32 epoch, pid;
	__u64 out, wake;
	__u32 waker;
	__u16 waker_nr, preempted;
	__u64 first_block, blocked;    /* in the call in flight */
	__u64 woke_waited;             /* how long the thread had waited that this one woke */
	__u64 sql_start, sql_statement;
	__u32 sql_depth;
	__u16 tls_wrote;               /* the call in flight has written to its socket */
	__u16 ring_came;               /* io_uring has received since the thread was last told */
	__u64 tls_ssl, tls_buffer, tls_counter;   /* the call of OpenSSL in flight */
	__u64 ring_read, ring_bytes;   /* socket that was received from, and no completion since */
	__u64 tls_read, tls_block;     /* socket that was read last, and no such call made since */
};

enum conn_http { CONN_UNKNOWN, CONN_OTHER, CONN_HTTP2 };   /* other: HTTP/1, PostgreSQL, Redis */

struct connection {
	__u64 arrival, born;
	__u32 announced;
	__u8 server;
	__u8 strange;          /* writes in a row of no protocol that is read in user space */
	__u16 unasked;         /* reads since a write of one that is */
	__s32 owed;            /* bytes that OpenSSL has taken and the program not yet written */
	__u8 tls;              /* OpenSSL speaks through it */
	__u8 http;             /* of its own: enum conn_http */
	__u8 asked;            /* something was received since the last write, whatever it was */
};
struct execution_key { __u64 statement; __u32 pid, pad; };
struct execution { __u64 start, busy; __u32 rows, steps, epoch, pad; };

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4096); __type(key, __u32);
	__type(value, __u8); } processes SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 256); __type(key, __u16);
	__type(value, __u8); } ports SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16384); __type(key, __u32);
	__type(value, struct thread); } threads SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 32768); __type(key, __u64);
	__type(value, struct connection); } connections SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 8192);
	__type(key, struct execution_key); __type(value, struct execution); } executions SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 4096);
	__type(key, struct return_slot); __type(value, __u64); } returns SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 1); __type(key, __u32);
	__type(value, struct ev_io); } scratch SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, EV_RING_BYTES); } events SEC(".maps");

volatile __u32 enabled = 0;
volatile __u32 epoch = 0;
volatile __u64 began = 0;      /* the window: what is older was not followed since */
volatile __u64 stack_period_ns = 1000000;
volatile __u64 dropped = 0;
volatile __u64 stacks_lost = 0;
volatile __u64 full_at = 0;    /* when the ring was full: the window has ended there; 0: it was not */
volatile __u32 tls_probed = 0;

volatile struct paid paid __attribute__((aligned(128))) = { 0 };   /* on cache lines of its own */

static __always_inline void
pay(__u64 since)
{
	if (since / 64 % PAID_EVERY)
		return;
	__u64 took = bpf_ktime_get_ns() - since;
	if (took > PAID_MOST_NS)       /* another thread had the CPU meanwhile */
		return;
	__sync_fetch_and_add(&paid.ns, took);
	__sync_fetch_and_add(&paid.runs, 1);
}

/* A probe on a program's code: the way into the kernel and back is the most of it. */
static __always_inline void
pay_trap(void)
{
	__sync_fetch_and_add(&paid.traps, 1);
}

/* The thread's state, void parts reset; NULL when it is none of the service's. */
static __always_inline struct thread *
thread_of(__u32 tid)
{
	struct thread *t = bpf_map_lookup_elem(&threads, &tid);
	if (t && t->epoch != epoch) {
		__u32 pid = t->pid;
		__builtin_memset(t, 0, sizeof(*t));
		t->pid = pid;
		t->epoch = epoch;
	}
	return t;
}

/* An event that cannot be sent would be a hole in what is told of a window, so that the window ends here. */
static __always_inline void
end_window(__u64 ts)
{
	__sync_fetch_and_add(&dropped, 1);
	if (!full_at)
		full_at = ts;
	enabled = 0;
}

static __always_inline void *
event_reserve(__u64 size, __u16 kind, __u64 ts, __u32 tid, __u32 pid, __u16 nr)
{
	struct ev_head *h = bpf_ringbuf_reserve(&events, size, 0);
	if (!h && kind == EV_STACK)    /* one of many that are looked at: no hole */
		__sync_fetch_and_add(&stacks_lost, 1);
	else if (!h)
		end_window(ts);
	if (!h)
		return 0;
	h->ts = ts;
	h->tid = tid;
	h->pid = pid;
	h->kind = kind;
	h->nr = nr;
	h->epoch = epoch;
	return h;
}

#define EVENT(type, kind, ts, tid, pid, nr) \
	((struct type *)event_reserve(sizeof(struct type), kind, ts, tid, pid, nr))
#define EVENT_SEND(e) bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP)

static __always_inline __u16
call_in_flight(struct task_struct *task)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	return regs->orig_ax < SYSCALLS ? regs->orig_ax : EV_NO_SYSCALL;
}

/* The return probe is about to replace the return address: unwinding needs the true one. */
static __always_inline void
keep_return(struct pt_regs *ctx)
{
	struct return_slot slot = { .address = ctx->sp, .pid = bpf_get_current_pid_tgid() >> 32 };
	__u64 address = 0;
	if (bpf_probe_read_user(&address, sizeof(address), (void *)ctx->sp))
		return;
	__u64 *known = bpf_map_lookup_elem(&returns, &slot);
	if (known)
		*known = address;      /* two calls of one function take turns here: an update costs 300 ns */
	else
		bpf_map_update_elem(&returns, &slot, &address, BPF_ANY);
}
