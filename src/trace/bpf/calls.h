// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The end of a system call: what it moved on which socket or file, how long it waited, and at times
 * the stack that it came from. */
#pragma once

#include "connections.h"
#include "tasks.h"

#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFREG  0100000

enum call { CALL_NONE, CALL_READ, CALL_READ_VECTOR, CALL_READ_MESSAGE, CALL_WRITE,
	CALL_WRITE_VECTOR, CALL_WRITE_MESSAGE, CALL_WRITE_BLIND, CALL_POLL, CALL_ACCEPT,
	CALL_CONNECT, CALL_FILE, CALL_SYNC, CALL_FUTEX };

static const __u8 calls[SYSCALLS] = {
	[__NR_read] = CALL_READ, [__NR_recvfrom] = CALL_READ, [__NR_readv] = CALL_READ_VECTOR,
	[__NR_recvmsg] = CALL_READ_MESSAGE, [__NR_write] = CALL_WRITE, [__NR_sendto] = CALL_WRITE,
	[__NR_writev] = CALL_WRITE_VECTOR, [__NR_sendmsg] = CALL_WRITE_MESSAGE,
	[__NR_sendfile] = CALL_WRITE_BLIND, [__NR_poll] = CALL_POLL, [__NR_ppoll] = CALL_POLL,
	[__NR_select] = CALL_POLL, [__NR_pselect6] = CALL_POLL, [__NR_epoll_wait] = CALL_POLL,
	[__NR_epoll_pwait] = CALL_POLL, [441] = CALL_POLL /* epoll_pwait2 */,
	[__NR_accept] = CALL_ACCEPT, [__NR_accept4] = CALL_ACCEPT, [__NR_connect] = CALL_CONNECT,
	[__NR_pread64] = CALL_FILE, [__NR_pwrite64] = CALL_FILE, [__NR_preadv] = CALL_FILE,
	[__NR_pwritev] = CALL_FILE, [__NR_fsync] = CALL_SYNC, [__NR_fdatasync] = CALL_SYNC,
	[__NR_sync_file_range] = CALL_SYNC, [__NR_syncfs] = CALL_SYNC, [__NR_futex] = CALL_FUTEX,
};

struct ended {                 /* the call that is ending */
	struct ev_head head;
	struct thread *t;
	__u64 first_block, blocked;
	__s64 ret;
	__u64 arg[3];
	__u8 call;
};

static __always_inline bool
is_write(__u8 call)
{
	return call >= CALL_WRITE && call <= CALL_WRITE_BLIND;
}

/* First byte of the first buffer that a read or write call was given. */
static __always_inline const char *
first_buffer(const struct ended *c)
{
	__u64 vector = c->arg[1], base = 0;
	if (c->call == CALL_READ || c->call == CALL_WRITE)
		return (const char *)c->arg[1];
	if (c->call == CALL_WRITE_BLIND)
		return 0;
	if (c->call == CALL_READ_MESSAGE || c->call == CALL_WRITE_MESSAGE)
		bpf_probe_read_user(&vector, sizeof(vector), (void *)(c->arg[1] + 16));
	bpf_probe_read_user(&base, sizeof(base), (void *)vector);
	return (const char *)base;
}

#define WORD(a, b, c, d) ((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)

static __always_inline bool
is_http_head(__u32 word)
{
	return word == WORD('G', 'E', 'T', ' ') || word == WORD('P', 'O', 'S', 'T') ||
	    word == WORD('H', 'T', 'T', 'P') || word == WORD('H', 'E', 'A', 'D') ||
	    word == WORD('P', 'U', 'T', ' ') || word == WORD('D', 'E', 'L', 'E') ||
	    word == WORD('P', 'A', 'T', 'C') || word == WORD('O', 'P', 'T', 'I');
}

static __always_inline void
fill_io(struct ev_io *e, const struct ended *c, struct sock *sk, __u64 arrival, __u32 flags)
{
	e->head = c->head;
	e->head.kind = EV_IO;
	e->sock = (__u64)sk;
	e->arrival = arrival;
	e->first_block = c->first_block;
	e->task = running_task(c->head.tid, c->head.pid);
	e->ret = c->ret;
	e->flags = flags;
	e->fd = c->arg[0];
}

static __always_inline void
socket_io(const struct ended *c, struct sock *sk)
{
	struct connection *conn = connection_of(sk);
	__u32 flags = is_write(c->call) ? EV_IO_WRITE : 0, word = 0;
	__u64 arrival = 0;
	struct ev_head like = c->head;

	if (!conn)
		return;
	if (conn->announced != epoch)
		announce(sk, conn, &like, EV_CONN_SEEN, 0, 0);
	flags |= conn->server ? EV_IO_SERVER : 0;
	if (!(flags & EV_IO_WRITE)) {
		arrival = conn->arrival;
		conn->arrival = 0;
	}
	const char *text = c->ret >= 4 ? first_buffer(c) : 0;
	if (text)
		bpf_probe_read_user(&word, sizeof(word), text);
	if (!is_http_head(word)) {
		struct ev_io *e = bpf_ringbuf_reserve(&events, offsetof(struct ev_io, text), 0);
		if (!e) {
			__sync_fetch_and_add(&dropped, 1);
			return;
		}
		fill_io(e, c, sk, arrival, flags);
		EVENT_SEND(e);
		return;
	}
	struct ev_io *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&dropped, 1);
		return;
	}
	fill_io(e, c, sk, arrival, flags | EV_IO_HEAD);
	__u32 size = c->ret < EV_HEAD_BYTES ? c->ret : EV_HEAD_BYTES;
	__builtin_memset(e->text, 0, sizeof(e->text));
	if (size >= EV_HEAD_BYTES)
		bpf_probe_read_user(e->text, EV_HEAD_BYTES, text);
	else
		bpf_probe_read_user(e->text, size & (EV_HEAD_BYTES - 1), text);
	EVENT_SEND(e);
}

static __always_inline void
file_io(const struct ended *c, struct file *file)
{
	struct ev_file *e = EVENT(ev_file, EV_FILE, c->head.ts, c->head.tid, c->head.pid, c->head.nr);
	if (!e)
		return;
	e->first_block = c->first_block;
	e->blocked = c->blocked;
	const unsigned char *name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	if (bpf_probe_read_kernel_str(e->name, sizeof(e->name), name) < 0)
		e->name[0] = 0;
	EVENT_SEND(e);
}

/* Copy as much of the stack as is mapped above sp. */
static __always_inline __u32
copy_stack(__u8 *to, __u64 sp)
{
	if (!bpf_probe_read_user(to, EV_STACK_BYTES, (void *)sp))
		return EV_STACK_BYTES;
	if (!bpf_probe_read_user(to, EV_STACK_BYTES / 2, (void *)sp))
		return EV_STACK_BYTES / 2;
	if (!bpf_probe_read_user(to, EV_STACK_BYTES / 8, (void *)sp))
		return EV_STACK_BYTES / 8;
	return bpf_probe_read_user(to, EV_STACK_BYTES / 32, (void *)sp) ? 0 : EV_STACK_BYTES / 32;
}

/* Stacks are sampled by time: one in `stack_period_ns` of waiting, so that a wait's chance is
 * its length and each sample stands for at least one period. */
static __always_inline void
sample_stack(const struct ended *c, struct pt_regs *regs, __u64 waited, __u32 unlock, __u64 sock)
{
	__u64 period = stack_period_ns;
	if (waited < period && bpf_get_prandom_u32() % (period + 1) > waited)
		return;
	struct ev_stack *e = EVENT(ev_stack, EV_STACK, c->head.ts, c->head.tid, c->head.pid, c->head.nr);
	if (!e)
		return;
	e->key = c->arg[0];
	e->sock = sock;
	e->weight = waited < period ? period : waited;
	e->unlock = unlock;
	e->ip = regs->ip;
	e->sp = regs->sp;
	e->bp = regs->bp;
	e->bx = regs->bx;
	e->r12 = regs->r12;
	e->r13 = regs->r13;
	e->r14 = regs->r14;
	e->r15 = regs->r15;
	e->size = copy_stack(e->stack, regs->sp);
	EVENT_SEND(e);
}

static __always_inline void
connection_made(const struct ended *c)
{
	__u32 fd = c->call == CALL_ACCEPT ? c->ret : c->arg[0];
	struct ev_head like = c->head;
	struct file *file;
	struct sock *sk;
	struct connection *conn;

	if (c->call == CALL_ACCEPT && c->ret < 0)
		return;
	file = file_of(fd);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return;
	sk = sock_of(file);
	conn = sk ? connection_of(sk) : 0;
	if (!conn)
		return;
	conn->server = c->call == CALL_ACCEPT;
	announce(sk, conn, &like, conn->server ? EV_CONN_ACCEPTED : EV_CONN_OPENED, c->first_block,
	    c->ret);
}

/* Reads, writes and syncs: returns the identity of the connection, 0 when it is a file. */
static __always_inline __u64
file_or_socket(const struct ended *c)
{
	struct file *file = file_of(c->arg[0]);
	if (!file)
		return 0;
	__u16 type = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
	if (type == S_IFSOCK && c->call < CALL_POLL) {
		struct sock *sk = sock_of(file);
		if (sk && (c->ret > 0 || c->blocked))
			socket_io(c, sk);
		return (__u64)sk;
	}
	if (c->blocked && (type == S_IFREG || c->call == CALL_SYNC))
		file_io(c, file);
	return 0;
}

static __always_inline void
polled(const struct ended *c)
{
	struct ev_poll *e = EVENT(ev_poll, EV_POLL, c->head.ts, c->head.tid, c->head.pid, c->head.nr);
	if (!e)
		return;
	e->first_block = c->first_block;
	e->ret = c->ret;
	EVENT_SEND(e);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_call_end, struct pt_regs *regs, long ret)
{
	if (!enabled)
		return 0;
	__u64 id = bpf_get_current_pid_tgid(), sock = 0, nr = regs->orig_ax;
	struct thread *t = thread_of((__u32)id);
	if (!t || nr >= SYSCALLS)
		return 0;
	__u8 call = calls[nr];
	__u64 woke_waited = t->woke_waited;
	if (call == CALL_NONE && !t->blocked)
		return 0;
	struct ended c = {
		.head = { .ts = bpf_ktime_get_ns(), .tid = (__u32)id, .pid = id >> 32, .nr = nr,
			.epoch = epoch },
		.t = t, .first_block = t->first_block, .blocked = t->blocked, .ret = ret, .call = call,
		.arg = { regs->di, regs->si, regs->dx },
	};
	t->first_block = t->blocked = t->woke_waited = 0;
	if (call == CALL_POLL)
		polled(&c);
	else if (call == CALL_ACCEPT || call == CALL_CONNECT)
		connection_made(&c);
	else if (call != CALL_NONE && call != CALL_FUTEX)
		sock = file_or_socket(&c);
	if (c.blocked && call != CALL_POLL && call != CALL_ACCEPT)
		sample_stack(&c, regs, c.blocked, 0, sock);
	else if (woke_waited && call == CALL_FUTEX)
		sample_stack(&c, regs, woke_waited, 1, 0);
	return 0;
}
