// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* What io_uring moves on sockets, which no system call tells: each completion, with the buffer that
 * the request named. It counts as a call that the thread made then. Of a request that stays and
 * completes many times the kernel tells neither socket nor buffer: those are not seen. */
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

SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_uring, void *ring, struct io_kiocb *request)
{
	__u64 id = bpf_get_current_pid_tgid();
	if (!enabled || !request || !bpf_core_field_exists(((struct io_kiocb *)0)->cqe))
		return 0;
	struct thread *t = thread_of((__u32)id);
	if (!t)
		return 0;
	__u8 operation = BPF_CORE_READ(request, opcode);
	__s32 moved = BPF_CORE_READ(request, cqe.res);
	if (operation >= URING_OPERATIONS || !uring_calls[operation] || moved <= 0)
		return 0;
	struct file *file = BPF_CORE_READ(request, file);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	struct sock *sk = sock_of(file);
	__u8 call = uring_calls[operation];
	struct ended c = {
		.head = { .ts = bpf_ktime_get_ns(), .tid = (__u32)id, .pid = id >> 32,
			.nr = is_write(call) ? __NR_sendto : __NR_recvfrom, .epoch = epoch },
		.t = t, .ret = moved, .call = call, .arg = { 0, uring_buffer(request, operation), moved },
	};
	if (sk)
		socket_io(&c, sk);
	return 0;
}
