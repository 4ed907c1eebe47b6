// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* What io_uring moves on sockets, which no system call tells: each completion, with the buffer that
 * the request named. It counts as a call that the thread made then. Of a request that stays and
 * completes many times the kernel tells neither socket nor buffer: its socket is the one that was
 * received from last, and what came is not known. */
#pragma once

#include "tls.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct io_cqe { __s32 res; };
struct io_kiocb { struct file *file; __u8 opcode; struct io_cqe cqe; };
struct io_sr_msg { void *buf; };
struct io_rw { __u64 addr; };
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

/* What completes while the thread is in its call, it learns of when that returns; else at once: an
 * interrupt had the kernel work for the ring amid the thread's own work. */
static __always_inline void
uring_moved(struct thread *t, __u64 id, struct sock *sk, __u8 call, __u64 buffer, __s64 moved)
{
	bool inside = call_in_flight(bpf_get_current_task_btf()) == __NR_io_uring_enter;
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
int BPF_PROG(on_uring, void *ring, struct io_kiocb *request)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct thread *t = enabled ? thread_of((__u32)id) : 0;
	if (!t || !bpf_core_field_exists(((struct io_kiocb *)0)->cqe))
		return 0;
	__u64 received = t->ring_read;
	t->ring_read = 0;
	__u8 operation = request ? BPF_CORE_READ(request, opcode) : URING_RECV;
	if (operation >= URING_OPERATIONS || !uring_calls[operation])
		return 0;
	if (request)
		uring_moved(t, id, uring_socket(request), uring_calls[operation],
		    uring_buffer(request, operation), BPF_CORE_READ(request, cqe.res));
	else
		uring_moved(t, id, (struct sock *)received, CALL_READ, 0, t->ring_bytes);
	return 0;
}
