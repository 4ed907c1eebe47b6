// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The collector in the kernel: what the threads of the service do, event by event.
 *
 * Only threads in `threads` are looked at; forks add, exits remove. Per thread it remembers when
 * it left the CPU and who woke it, and sends one event when it is back. System calls are looked at
 * when they end: their number and arguments are still in the saved registers then, so nothing has
 * to run at their beginning. Everything is quiet while `enabled` is 0; a new `epoch` makes what
 * was remembered from an earlier window void.
 *
 * No event wakes the reader: that wake-up, not the probe, would be the cost for the service. */
#include <stdbool.h>
#include <stddef.h>

#include "kernel.h"
#include "../event.h"
#include <asm/unistd.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

#define AF_INET    2
#define AF_INET6   10
#define S_IFMT     0170000
#define S_IFSOCK   0140000
#define S_IFREG    0100000
#define TCP_CLOSED 7
#define SQL_ROW    100
#define SYSCALLS   512

struct thread {
	__u32 epoch, pid;
	__u64 out, wake;
	__u32 waker;
	__u16 waker_nr, preempted;
	__u64 first_block, blocked;    /* in the call in flight */
	__u64 woke_waited;             /* how long the thread had waited that this one woke */
	__u64 sql_start, sql_statement;
	__u32 sql_depth, pad;
};

struct connection { __u64 arrival; __u32 announced, server; };
struct execution_key { __u64 statement; __u32 pid, pad; };
struct execution { __u64 start, busy; __u32 rows, steps; };

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
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 21); } events SEC(".maps");

volatile __u32 enabled = 0;
volatile __u32 epoch = 0;
volatile __u64 stack_period_ns = 1000000;
volatile __u64 dropped = 0;

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

static __always_inline void *
event_reserve(__u64 size, __u16 kind, __u64 ts, __u32 tid, __u32 pid, __u16 nr)
{
	struct ev_head *h = bpf_ringbuf_reserve(&events, size, 0);
	if (!h) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
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

/* ---- scheduling ---------------------------------------------------------------------------- */

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	if (!enabled)
		return 0;
	__u64 now = bpf_ktime_get_ns();
	struct thread *t = thread_of(prev->pid);
	if (t) {
		t->out = now;
		t->wake = 0;
		/* On its way back to user code a thread is preempted without the argument saying so. */
		t->preempted = preempt || !prev->__state ? EV_OFF_PREEMPTED :
		    prev->__state & 2 ? EV_OFF_UNINTERRUPTED : 0;
	}
	t = thread_of(next->pid);
	if (!t)
		return 0;
	if (!(t->preempted & EV_OFF_PREEMPTED) && t->out) {
		if (!t->first_block)
			t->first_block = t->out;
		t->blocked += now - t->out;
	}
	struct ev_off *e = EVENT(ev_off, EV_OFF, now, next->pid, t->pid, call_in_flight(next));
	if (e) {
		struct pt_regs *regs = (void *)bpf_task_pt_regs(next);
		e->out = t->out;
		e->wake = t->wake;
		e->key = regs->di;
		e->waker = t->wake ? t->waker : 0;
		e->waker_nr = t->waker_nr;
		e->flags = t->preempted | (t->sql_start ? EV_OFF_IN_SQL : 0);
		EVENT_SEND(e);
	}
	t->out = 0;
	return 0;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *task)
{
	if (!enabled)
		return 0;
	struct thread *t = thread_of(task->pid);
	if (!t || t->wake)
		return 0;
	struct task_struct *waker = bpf_get_current_task_btf();
	t->wake = bpf_ktime_get_ns();
	t->waker = waker->pid;
	t->waker_nr = call_in_flight(waker);
	if (t->waker_nr != __NR_futex || !t->out)
		return 0;
	struct thread *w = thread_of(waker->pid);
	if (w)
		w->woke_waited += t->wake - t->out;
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = parent->tgid, tid = child->pid, child_pid = child->tgid;
	__u8 one = 1;
	struct thread t = { .pid = child_pid, .epoch = epoch };
	if (!bpf_map_lookup_elem(&processes, &pid))
		return 0;
	if (child_pid != pid)
		bpf_map_update_elem(&processes, &child_pid, &one, BPF_ANY);
	bpf_map_update_elem(&threads, &tid, &t, BPF_ANY);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	__u32 tid = task->pid;
	struct ev_head *e;
	if (!bpf_map_delete_elem(&threads, &tid) && enabled &&
	    (e = EVENT(ev_head, EV_EXIT, bpf_ktime_get_ns(), tid, task->tgid, EV_NO_SYSCALL)))
		EVENT_SEND(e);
	if (task->pid == task->tgid)
		bpf_map_delete_elem(&processes, &tid);
	return 0;
}

/* ---- connections --------------------------------------------------------------------------- */

static __always_inline struct file *
file_of(__u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = task->files->fdt;
	struct file *file = 0;
	if (fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd);
	return file;
}

/* The TCP socket behind a file; NULL when it is none. */
static __always_inline struct sock *
sock_of(struct file *file)
{
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return 0;
	return BPF_CORE_READ(sk, sk_type) == 1 ? sk : 0;
}

static __always_inline bool
is_server_port(__u16 port)
{
	return bpf_map_lookup_elem(&ports, &port) != 0;
}

static __always_inline struct connection *
connection_of(struct sock *sk)
{
	__u64 id = (__u64)sk;
	struct connection *c = bpf_map_lookup_elem(&connections, &id);
	if (c)
		return c;
	struct connection fresh = { .server = is_server_port(BPF_CORE_READ(sk, __sk_common.skc_num)) };
	bpf_map_update_elem(&connections, &id, &fresh, BPF_ANY);
	return bpf_map_lookup_elem(&connections, &id);
}

static __always_inline void
announce(struct sock *sk, struct connection *c, struct ev_head *like, enum ev_conn_how how,
    __u64 first_block, __s64 ret)
{
	struct ev_conn *e = EVENT(ev_conn, EV_CONN, like->ts, like->tid, like->pid, like->nr);
	if (!e)
		return;
	c->announced = epoch;
	e->sock = (__u64)sk;
	e->how = how;
	e->first_block = first_block;
	e->ret = ret;
	e->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	e->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	e->peer_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	e->local_is_server = c->server;
	__builtin_memset(e->peer, 0, sizeof(e->peer));
	if (e->family == AF_INET)
		BPF_CORE_READ_INTO((__be32 *)e->peer, sk, __sk_common.skc_daddr);
	else
		BPF_CORE_READ_INTO((struct in6_addr *)e->peer, sk, __sk_common.skc_v6_daddr);
	EVENT_SEND(e);
}

/* Request or response bytes reach a socket of the service. */
SEC("tp_btf/tcp_probe")
int BPF_PROG(on_tcp_data, struct sock *sk, struct sk_buff *skb)
{
	__u64 id = (__u64)sk;
	__u8 offset = 0;
	if (!enabled)
		return 0;
	struct connection *c = bpf_map_lookup_elem(&connections, &id);
	if (!c && !is_server_port(sk->__sk_common.skc_num))
		return 0;
	bpf_probe_read_kernel(&offset, 1, skb->data + 12);
	if (skb->len <= (__u32)(offset >> 4) * 4)
		return 0;
	if (!c)
		c = connection_of(sk);
	if (c && !c->arrival)
		c->arrival = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_tcp_state, struct sock *sk, int from, int to)
{
	__u64 id = (__u64)sk;
	if (to == TCP_CLOSED)
		bpf_map_delete_elem(&connections, &id);
	return 0;
}

/* ---- ends of system calls ------------------------------------------------------------------ */

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

/* ---- statements of SQLite ------------------------------------------------------------------ */

static __always_inline void
execution_end(struct pt_regs *ctx, __u64 statement, __u32 tid, __u32 pid)
{
	struct execution_key id = { .statement = statement, .pid = pid };
	struct execution *x = bpf_map_lookup_elem(&executions, &id);
	__u64 text = 0;
	if (!x)
		return;
	struct ev_sql *e = EVENT(ev_sql, EV_SQL, bpf_ktime_get_ns(), tid, pid, 0);
	if (e) {
		e->start = x->start;
		e->busy = x->busy;
		e->rows = x->rows;
		e->steps = x->steps;
		e->statement = statement;
		bpf_probe_read_user(&text, sizeof(text), (void *)(statement + bpf_get_attach_cookie(ctx)));
		if (bpf_probe_read_user_str(e->text, sizeof(e->text), (void *)text) < 0)
			e->text[0] = 0;
		EVENT_SEND(e);
	}
	bpf_map_delete_elem(&executions, &id);
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
	if (!known || *known != address)
		bpf_map_update_elem(&returns, &slot, &address, BPF_ANY);
}

SEC("uprobe")
int sql_step(struct pt_regs *ctx)
{
	if (!enabled)
		return 0;
	keep_return(ctx);
	struct thread *t = thread_of((__u32)bpf_get_current_pid_tgid());
	if (!t || t->sql_depth++)
		return 0;
	t->sql_statement = ctx->di;
	t->sql_start = bpf_ktime_get_ns();
	return 0;
}

SEC("uretprobe")
int sql_step_return(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns(), id = bpf_get_current_pid_tgid();
	__u32 result = ctx->ax;
	if (!enabled)
		return 0;
	barrier_var(result);   /* else the compiler folds both reads into one that is refused */
	struct thread *t = thread_of((__u32)id);
	if (!t || !t->sql_depth || --t->sql_depth || !t->sql_start)
		return 0;
	struct execution_key key = { .statement = t->sql_statement, .pid = id >> 32 };
	struct execution *x = bpf_map_lookup_elem(&executions, &key);
	if (!x) {
		struct execution fresh = { .start = t->sql_start };
		bpf_map_update_elem(&executions, &key, &fresh, BPF_ANY);
		x = bpf_map_lookup_elem(&executions, &key);
	}
	if (x) {
		x->busy += now - t->sql_start;
		x->steps++;
		x->rows += result == SQL_ROW;
	}
	t->sql_start = 0;
	if (result != SQL_ROW)
		execution_end(ctx, key.statement, (__u32)id, id >> 32);
	return 0;
}

/* sqlite3_reset and sqlite3_finalize end an execution that was not stepped to its end. */
SEC("uprobe")
int sql_end(struct pt_regs *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	if (enabled)
		execution_end(ctx, ctx->di, (__u32)id, id >> 32);
	return 0;
}
