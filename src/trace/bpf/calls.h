// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The end of a system call: what it moved on which socket or file, how long it waited, and at times
 * the stack that it came from. */
#pragma once

#include "tls.h"

#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFREG  0100000

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

static __always_inline void
fill_stack(struct ev_stack *e, struct pt_regs *regs)
{
	__u32 tid = e->head.tid;
	e->ip = regs->ip;
	e->sp = regs->sp;
	e->bp = regs->bp;
	e->bx = regs->bx;
	e->r12 = regs->r12;
	e->r13 = regs->r13;
	e->r14 = regs->r14;
	e->r15 = regs->r15;
	e->size = e->n_python = e->python_ends = 0;
	struct python_place *place = bpf_map_lookup_elem(&python_threads, &tid);
	if (place)
		python_frames(place, e);
	if (!e->n_python)
		e->size = copy_stack(e->stack, regs->sp);
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
	fill_stack(e, regs);
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
	conn->born = c->head.ts;
	conn->strange = BPF_CORE_READ(sk, sk_type) == DATAGRAM ? STRANGE_MAX : 0;
	announce(sk, conn, &like, conn->server ? EV_CONN_ACCEPTED : EV_CONN_OPENED, c->first_block,
	    c->ret);
}

static __always_inline void
socket_io(const struct ended *c, struct sock *sk)
{
	struct connection *conn = connection_of(sk);
	if (conn && !tls_carries(c, sk, conn))
		bytes_moved(c, sk, conn, is_write(c->call) ? EV_IO_WRITE : 0);
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

/* Many calls only hand requests over, amid other work. */
static __always_inline bool
waits_for_ring(const struct ended *c)
{
	bool came = c->t->ring_came;
	c->t->ring_came = 0;
	return came || (__u32)c->arg[2];   /* so many completions at least */
}

/* Between windows, epoch 0: only what gives a statement of PostgreSQL its name, because that is
 * done once a connection and used in every window. */
SEC("tp_btf/sys_exit")
int BPF_PROG(on_call_between, struct pt_regs *regs, long ret)
{
	__u64 id = bpf_get_current_pid_tgid(), nr = regs->orig_ax;
	__u32 tid = id;
	if (enabled || nr >= SYSCALLS || !is_write(calls[nr]))
		return 0;
	if (!bpf_map_lookup_elem(&threads, &tid))
		return 0;
	struct ended c = {
		.head = { .ts = bpf_ktime_get_ns(), .tid = tid, .pid = id >> 32, .nr = nr }, .ret = ret,
		.call = calls[nr], .arg = { regs->di, regs->si, regs->dx },
	};
	struct file *file = file_of(c.arg[0]);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	struct sock *sk = sock_of(file);
	if (sk)
		name_given(&c, sk);
	return 0;
}

/* When it neither waited nor ended a wait. */
static __always_inline bool
tells_nothing(__u8 call)
{
	return call == CALL_NONE || call >= CALL_FILE;
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
	if (!t->blocked && !woke_waited && tells_nothing(call))
		return 0;
	struct ended c = {
		.head = { .ts = bpf_ktime_get_ns(), .tid = (__u32)id, .pid = id >> 32, .nr = nr,
			.epoch = epoch },
		.t = t, .first_block = t->first_block, .blocked = t->blocked, .ret = ret, .call = call,
		.arg = { regs->di, regs->si, regs->dx },
	};
	t->first_block = t->blocked = t->woke_waited = 0;
	if (call == CALL_POLL && (nr != __NR_io_uring_enter || waits_for_ring(&c)))
		polled(&c);
	else if (call == CALL_ACCEPT || call == CALL_CONNECT)
		connection_made(&c);
	else if (call != CALL_NONE && call != CALL_FUTEX && call != CALL_POLL)
		sock = file_or_socket(&c);
	if (c.blocked && call != CALL_POLL && call != CALL_ACCEPT)
		sample_stack(&c, regs, c.blocked, 0, sock);
	else if (woke_waited && call == CALL_FUTEX)
		sample_stack(&c, regs, woke_waited, 1, 0);
	pay(c.head.ts);
	return 0;
}
