// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* What io_uring moves on sockets, which no system call tells: each completion, with the buffer that
 * the request named. It counts as a call that the thread made then. Of a request that stays and
 * completes many times the kernel tells neither socket nor buffer: its socket is the one that was
 * received from last, and what came is not known. Where a thread of the kernel takes the requests from
 * the ring (SQPOLL), they complete there, and count as the thread's that has made the ring. */
#pragma once

#include "tls.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct io_cqe { __s32 res; };
struct io_kiocb { struct file *file; __u8 opcode; struct io_cqe cqe; };
struct io_sr_msg { void *buf; };
struct io_rw { __u64 addr; };
struct io_ring_ctx { void *sq_data; };
#pragma clang attribute pop

enum { URING_READV = 1, URING_WRITEV, URING_READ_FIXED = 4, URING_WRITE_FIXED, URING_SENDMSG = 9,
	URING_RECVMSG, URING_READ = 22, URING_WRITE, URING_SEND = 26, URING_RECV, URING_OPERATIONS };

static const __u8 uring_calls[URING_OPERATIONS] = {
	[URING_READV] = CALL_READ_VECTOR, [URING_WRITEV] = CALL_WRITE_VECTOR,
	[URING_READ_FIXED] = CALL_READ, [URING_WRITE_FIXED] = CALL_WRITE,
	[URING_SENDMSG] = CALL_WRITE_MESSAGE, [URING_RECVMSG] = CALL_READ_MESSAGE,
	[URING_READ] = CALL_READ, [URING_WRITE] = CALL_WRITE, [URING_SEND] = CALL_WRITE,
	[URING_RECV] = CALL_READ,
};

static __always_inline __u64
uring_buffer(struct io_kiocb *request, __u8 operation)
{
	bool message = operation == URING_SEND || operation == URING_RECV ||
	    operation == URING_SENDMSG || operation == URING_RECVMSG;
	if (message && bpf_core_field_exists(((struct io_sr_msg *)0)->buf))
		return (__u64)BPF_CORE_READ((struct io_sr_msg *)request, buf);
	if (!message && bpf_core_field_exists(((struct io_rw *)0)->addr))
		return BPF_CORE_READ((struct io_rw *)request, addr);
	return 0;
}

/* Whom the ring works for. A thread that takes requests from it is called iou-sqp-N, N the number of the
 * thread that has made it (io_uring/sqpoll.c, io_sq_thread); its structure tells its own since 6.8. */
static __always_inline __u32
uring_owner(struct io_ring_ctx *ring, __u32 here)
{
	char name[16] = "";
	__u32 owner = 0;
	if (!bpf_core_field_exists(ring->sq_data) || !BPF_CORE_READ(ring, sq_data) ||
	    bpf_get_current_comm(name, sizeof(name)) || *(__u32 *)name != WORD('i', 'o', 'u', '-') ||
	    *(__u32 *)(name + 4) != WORD('s', 'q', 'p', '-'))
		return here;
#pragma unroll
	for (int i = 8; i < 16; i++)
		if (name[i] >= '0' && name[i] <= '9')
			owner = owner * 10 + name[i] - '0';
	return owner;
}

/* What completes while the thread is in its call, it learns of when that returns; else at once: an
 * interrupt had the kernel work for the ring amid the thread's own work, or another thread did. */
static __always_inline bool
uring_waits(const struct thread *t, __u32 owner, __u32 here)
{
	if (owner != here)
		return t->out && !(t->preempted & EV_OFF_PREEMPTED);
	return call_in_flight(bpf_get_current_task_btf()) == __NR_io_uring_enter;
}

static __always_inline void
uring_moved(struct thread *t, __u64 id, bool inside, struct sock *sk, __u8 call, __u64 buffer, __s64 moved)
{
	struct ended c = {
		.head = { .ts = bpf_ktime_get_ns(), .tid = (__u32)id, .pid = id >> 32,
			.nr = inside ? __NR_io_uring_enter : is_write(call) ? __NR_sendto : __NR_recvfrom,
			.epoch = epoch },
		.t = t, .ret = moved, .call = call, .arg = { 0, buffer, moved },
	};
	if (!sk || moved <= 0)
		return;
	if (!is_write(call) && inside)
		t->ring_came = 1;
	socket_io(&c, sk);
	pay(c.head.ts);
}

static __always_inline struct sock *
uring_socket(struct io_kiocb *request)
{
	struct file *file = BPF_CORE_READ(request, file);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	return sock_of(file);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_received, struct sock *sk, int bytes)
{
	struct thread *t = enabled && bytes > 0 ? thread_of((__u32)bpf_get_current_pid_tgid()) : 0;
	if (!t)
		return 0;
	t->ring_read = is_looked_at(sk) ? (__u64)sk : 0;
	t->ring_bytes = bytes;
	return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_uring, struct io_ring_ctx *ring, struct io_kiocb *request)
{
	__u64 id = bpf_get_current_pid_tgid(), received = 0;
	__u32 here = (__u32)id;
	if (!enabled || !bpf_core_field_exists(((struct io_kiocb *)0)->cqe))
		return 0;
	__u32 owner = uring_owner(ring, here);
	struct thread *t = thread_of(here);
	if (t) {
		received = t->ring_read;
		t->ring_read = 0;
	}
	if (owner != here)
		t = thread_of(owner);
	__u8 operation = request ? BPF_CORE_READ(request, opcode) : URING_RECV;
	if (!t || operation >= URING_OPERATIONS || !uring_calls[operation])
		return 0;
	bool inside = uring_waits(t, owner, here);
	__u64 whose = (id & ~(__u64)NEVER) | owner;
	if (request)
		uring_moved(t, whose, inside, uring_socket(request), uring_calls[operation],
		    uring_buffer(request, operation), BPF_CORE_READ(request, cqe.res));
	else if (owner == here)
		uring_moved(t, whose, inside, (struct sock *)received, CALL_READ, 0, t->ring_bytes);
	return 0;
}
